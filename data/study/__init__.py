"""What a study is, how it is read and written."""
