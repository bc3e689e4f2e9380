"""What may be set where NeuroVal is served, by environment variables, checked once when it starts."""

from functools import lru_cache
from typing import Annotated, Final

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from data.errors import InputError

PREFIX: Final = "NEUROVAL_"
SHORTEST_KEY: Final = 16


class Settings(BaseSettings):
    """Each field is an environment variable: ``upload_mb`` is ``NEUROVAL_UPLOAD_MB``. Lists are split at commas."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    model: str = Field(default="brain-tumor-mri", description="Model that the API serves: a name or a folder.")
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="Keys of which a request must bring one as X-API-Key; without any, none is asked for."
    )
    api_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Web pages of other origins that may call the API; none by default."
    )
    upload_mb: float = Field(default=20, gt=0, le=500, description="Largest uploaded file, in millions of bytes.")
    batch_files: int = Field(default=32, ge=1, le=1000, description="Most files in one batch.")
    batch_mb: float = Field(default=64, gt=0, le=2000, description="Largest batch, in millions of bytes.")
    waiting: int = Field(default=2, ge=0, le=100, description="Requests for each core that may wait for their turn.")
    timeout: float = Field(default=30, gt=0, le=3600, description="Seconds until a request is given up.")

    @field_validator("api_keys", "api_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("api_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < SHORTEST_KEY for key in keys):
            raise ValueError(f"a key has fewer than {SHORTEST_KEY} letters")
        return keys

    @property
    def upload_bytes(self) -> int:
        return round(self.upload_mb * 1e6)

    @property
    def batch_bytes(self) -> int:
        return round(self.batch_mb * 1e6)


def read_settings() -> Settings:
    """Return the settings of the environment. Raises ``InputError`` naming the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{PREFIX}{str(one['loc'][0]).upper()}: {one['msg']}" for one in error.errors())
        raise InputError(f"settings: {wrong}.") from None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings this process started with."""
    return read_settings()
