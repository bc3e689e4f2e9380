"""How the numbers of each page were computed, with sources."""

WILSON = "Wilson score interval (Wilson, J Am Stat Assoc 1927;22:209-212)"
BOTH = "the lower low and the higher high of two"
RAO_SCOTT = "Wilson on n divided by the design effect (Rao and Scott, Biometrics 1992;48:577-585)"
DESIGN_EFFECT = (
    "The design effect D of a rate p: the variance between the G groups, G / (G - 1) times the sum over groups of "
    "(counted - p scans) squared, over n squared, divided by p (1 - p) / (n - 1). The first is the square of the "
    "standard error that svymean gives in R's survey with ids = ~group. D is at least 1, and at least (e D + n / "
    "G) / (e + 1), where e groups hold the rarer outcome: as if one more group of identical scans had been seen, "
    "since few errors tell little of D. At 0 or 1, and with one group, n / D is the number of groups. Groups "
    "without a scan in the denominator do not count. Where two intervals are computed, the lowest low and the "
    "highest high are shown."
)

OVERVIEW = f"""
Every call is the class with the largest probability (argmax); that probability is its confidence. Any tumour: a
tumour of one kind taken for another counts as found.

The interval takes {BOTH}: {WILSON}, and {RAO_SCOTT}, because scans of one patient are not independent.
A criterion passes when the named bound of that interval reaches its limit. One that fails is shown to be below when the
whole interval is, else it is only not shown to reach the limit. When test scans share a patient or a copy
with training, it is judged a second time without these scans, or on grouped cross-validation where the study has it,
and the worse of the two counts. In cross-validation the bound is the lower of two: that of all folds pooled, and that
of the mean over the folds, whose interval grows with their spread (Nadeau and Bengio, Mach Learn 2003;52:239-281).
Each sees a doubt that the other cannot: pooling hides that the networks of the folds differ, and a handful of folds
says little of the scans. The interval over five folds is approximate.

What grouping takes off is a paired difference: networks of one recipe, from folds with and without regard to patients
and copies, on the same scans; its interval is Newcombe's for paired proportions on n divided by the design effect.

{DESIGN_EFFECT}

Cases it would take: the smallest number at which the lower bound reaches its limit if the rate stays as observed, times
the design effect of these scans where they come in groups. New cases scatter about that rate, so a study of this size
passes little more often than not; the chance (binomial), and the cases for a chance of 80% and 90%, stand beside it.

New to the model means: no scan of the same patient and no copy of the image in the training or tuning split, as far
as patients and copies are known. These scans are often of few classes, so their accuracy is not comparable; balanced
accuracy is, and it is not estimable when a class is empty.

Grouped cross-validation: each scan is predicted by a model that has seen no scan of its group; all folds pooled.
"""

REPORT = """
The report is made from the same results as the pages, and computes nothing itself. It is a PDF for archives (PDF/A-3a)
that a screen reader can read (PDF/UA-1), dated by the day on which the study was made. The same study with the same
choices gives the same bytes. Attached to it are all numbers, as `neuroval analyze --json --all` prints them, and the
prediction for each evaluated scan.

Every number that is not made by the study's own protocol is marked post hoc: another level of the intervals, another
prevalence, a threshold. The verdict stays as it is.

Checklists: STARD 2015 (Bossuyt et al., BMJ 2015;351:h5527) and CLAIM 2024 (Tejani et al., Radiol Artif Intell
2024;6:e240300), with the pages on which the report answers each item.
"""

MODEL_CARD = """
Nothing here is computed. The words are those of the study: who made it wrote down what the model is for, and the
order is that of model cards (Mitchell et al., FAccT 2019:220-229). How the model was trained and what it was tested on
are pages of their own.
"""

DATA_SET = f"""
Two scans share a group when they have the same patient, or when one is a confirmed copy of the other.
A case is shared when its group has a member in the training or tuning split. Intervals: {WILSON}.

Copies are proposed by a hash that no turn, mirror or inversion changes. The two images are then laid on each other,
with the scale, shift and stretch that fit best, and are copies when their fine structure correlates at 0.84 or more
(0.97 between scans of one known patient, whose slices are alike). Grey values are replaced by their rank before, so
contrast and gamma do not matter. Between different known patients of the public data set no pair reaches 0.75.
The kind of a copy says what sets it apart, place before content: mirrored, turned, cropped, filtered, saved again.

A factor gives the answer away for the scans in its pure levels: 20 scans or more, all with or all without a tumour,
in so many groups that chance would do this in fewer than 1 of 100 (compare Zech et al., PLoS Med 2018;15:e1002683).
Guessed right: each level's more frequent answer, against always the same answer (Goodman and Kruskal, J Am Stat Assoc
1954;49:732-764). All splits count, scans with an unknown value do not.

Imbalance = largest class / smallest class. Brightness: the mean grey value of each scan, its median over a class.
"""

TRAINING = """
The weights are those of the epoch with the lowest log-loss after temperature scaling on the tuning split: training
cases that were set aside, whole groups only, and never fitted (Berta et al., arXiv 2501.19195). Where that is not
recorded, those with the lowest loss on it. The test split has no part in it; each reading of it is recorded with the
study. A model that was changed after a reading counts as chosen by the test split.

Confidence is scaled by one temperature, fitted on the tuning split (Guo et al., ICML 2017); 1 leaves it as it is.
"""

CROSS_VALIDATION = f"""
The scans are cut into folds, stratified by class; each is predicted by a network that has not been fitted on its
fold. Grouped: all scans of a patient and all copies of an image are in one fold. Not grouped: they may be on both
sides, as in a split by image.

Pooled: all scans with the prediction they got out of their fold. The interval takes {BOTH}:
{WILSON}, and {RAO_SCOTT}.
Mean over the folds: t interval on k - 1 degrees of freedom with the variance s^2 (1/k + test/train), because the
training sets overlap (Nadeau and Bengio, Mach Learn 2003;52:239-281). With few folds it is approximate: no unbiased
estimate of this variance exists.

Labels to look at again: confident learning (Northcutt, Jiang and Chuang, J Artif Intell Res 2021;70:1373-1411). A scan
is surely of the most probable class whose probability reaches the mean that scans of that class have for it. Suspects
are surely of another class than their label, and called another one; the share of wrong labels is, by class, that of
the scans which are surely of another.
A class that the network is bad at gives false suspects.
"""

PER_CLASS = f"""
Rates: one class against all others, from argmax (Altman and Bland, BMJ 1994;308:1552 and 309:102). PPV and NPV hold at
the share of classes in these cases only.

Plain: {WILSON}. Cluster-adjusted: {RAO_SCOTT}. The plots show {BOTH}.
{DESIGN_EFFECT}
Any tumour: a glioma taken for a meningioma counts as found.

At another prevalence p: PPV = sensitivity p / (sensitivity p + (1 - specificity)(1 - p)), NPV likewise, both from the
largest probability; p is taken as known. Interval: logit (Mercaldo, Lau and Zhou, Stat Med 2007;26:2170-2183), where
it is not defined the adjusted logit of the same authors; with groups on the effective number of scans. It holds where
the scans are like these: prevalence is not all that differs between hospitals. Of 1,000 scans: Hoffrage and
Gigerenzer, Acad Med 1998;73:538-540.

Operating point: the highest threshold on P(any tumour) = 1 - P(no tumour) at which the target sensitivity is reached on
the tuning split. A threshold that is chosen while looking at these scans makes its numbers too good: post hoc.

AUC: DeLong (Biometrics 1988;44:837-845); with groups Obuchowski (Biometrics 1997;53:567-578) on the logit scale, by the
t distribution with the groups of the smaller side less 1. From 0.95 on, and up to 0.05, Newcombe's interval (Stat Med
2006;25:559-573, method 5; with groups on n divided by the design effect) is computed too, and the lowest low and the
highest high count. At 0 or 1, and with one case or group on a side, Newcombe's alone, on the number of groups. Averages
as Hand and Till (Mach Learn 2001;45:171-186).
Average precision: no interpolation, logit interval (Boyd et al., LNCS 8190:451-466); with groups it counts groups and
is wide. Likelihood ratios: Simel, J Clin Epidemiol 1991;44:763-770, with an empty cell the score interval (Koopman,
Biometrics 1984;40:513-517); odds ratio: Woolf, Ann Hum Genet 1955;19:251-253; with groups their variance between the
groups of each side, by t with Satterthwaite's degrees of freedom (Biometrics Bull 1946;2:110-114).

F1 = 2 J / (1 + J) with J = TP / (TP + FP + FN), whose interval is that of a rate. Macro and weighted F1, MCC (Gorodkin,
Comput Biol Chem 2004;28:367-374) and kappa: Wilson on the number of scans that their linearised variance amounts to
(Korn and Graubard, Surv Methodol 1998;24:193-201), over scans or over groups; MCC and kappa on (1 + value) / 2.
Balanced accuracy and macro PPV: the lowest low and the highest high of a bootstrap over the cells of the matrix, or
over groups, and of the class intervals added by squares (Zou and Donner, Stat Med 2008;27:1693-1702).

By patient: one answer from all slices, a tumour when any slice is called one, the class of most slices, or the class
with the largest mean probability (Kittler et al., IEEE TPAMI 1998;20:226-239). The reference of a patient: a tumour
when any slice shows one, of the class of the slices that do; slices without a tumour say nothing against it. A patient
with tumours of several classes counts as a tumour and is left out of the class. Curves are drawn with the points that
change the line (Douglas and Peucker, Cartographica 1973;10:112-122).
"""

CONFUSION = f"""
Rows are the reference standard, columns the largest class probability; ties go to the first class in order.
Rate = cases of the pair / cases of the reference class. The interval takes {BOTH}: {WILSON}, and
{RAO_SCOTT}.
Harm is a weight from the study, 0 for a correct call. Pairs are ranked by harm times the upper bound of the rate; in a
study without harm by their number.

Mean harm per scan: the weights of all scans, averaged; t interval of a mean, with groups cluster-robust.
Net benefit = true positives / n - false positives / n times t / (1 - t) at the threshold t (Vickers and Elkin, Med
Decis Making 2006;26:565-574). Interval: MOVER on Wilson limits (Zou and Donner, Stat Med 2008;27:1693-1702), with
groups on the effective number of scans. Better than calling every scan: the interval of the difference, t / (1 - t)
times the tumour-free scans that are spared less the tumours that are missed, made in the same way, lies above 0; better
than calling none: that of net benefit itself does.
"""

ERRORS = f"""
An error is a case whose largest class probability is not the one of its reference standard. Confidence is that
largest probability, as the model gives it. The tiers are those of the study. The interval of the rate takes
{BOTH}: {WILSON}, and {RAO_SCOTT}.

Grad-CAM (Selvaraju et al., ICCV 2017) shows where the evidence for a class lies, on the network's own coarse grid.
Colour is in proportion to the evidence, on one scale for all classes of a case; no evidence, no colour.

Similar training scans: the smallest Euclidean distance between the network's embeddings, of which the 64 principal
components of the training scans are kept at most. Distances are shares of the median distance from this scan to all
training scans. What is alike to the network need not be alike to a reader.

Out of fold: the prediction of a network that has seen neither the scan nor a member of its group.
"""

CONFIDENCE = f"""
Reliability: scans in 15 bins of equal width by confidence, the accuracy of each bin against its mean confidence.
Interval: {BOTH}, {WILSON}, and {RAO_SCOTT}. ECE: Naeini et al., AAAI 2015; its interval is a bootstrap, and chance
alone makes it larger than 0. Slope and intercept: logistic recalibration (Cox, Biometrika 1958;45:562-565), on
probabilities clipped at 1e-7.

Referral: scans below the threshold go to an expert; errors and missed tumours are counted among the rest. Prediction
sets: split conformal by class, 10% of a class may be missed, limits set on the tuning split (Sadinle et al., J Am Stat
Assoc 2019;114:223-234); held too seldom is what lies below 95% of studies of this size (beta-binomial; Vovk, PMLR 2012;
25:475-490). A class enters the set of a scan from its limit on.
"""

SHORTCUTS = f"""
The tumour is cut out along its outline, with a rim, and the hole is filled. The same hole is cut elsewhere in the head
of the same scan and filled likewise, which shows what cutting and filling do by themselves. Only scans that are called
rightly as they are count. Need: how often the call goes away with the tumour, less how often it goes away with the hole
elsewhere, of the scans that have both. The hole is filled in two unlike ways, from its rim inwards (Telea, J Graph
Tools 2004;9:23-34) and smoothly (harmonic); the lower need counts. The other hemisphere, where the tumour does not
cross the midline, and one grey stand beside and do not count.

Sufficiency: how often a tumour moved into a healthy scan is called a tumour, less how often a patch of another healthy
scan in its place is. It counts where the scan that the tumour comes from and the scan that it goes into are called
rightly as they are.

Rates: {BOTH}, {WILSON}, and {RAO_SCOTT}. Need and sufficiency: Newcombe's paired interval (Stat Med
1998;17:2635-2650, method 10), and where patients have several scans the same on n divided by the design effect of the
difference; {BOTH}.
A critical finding is raised where even the upper bound of the need lies below half of what the filling leaves to be
seen: the share of healthy scans with the same holes that stay healthy, at its lower bound.

Maps: the Grad-CAM of the class that a scan is called, on the cells of its grid. The weights of the network are shuffled
from the top down (Adebayo et al., NeurIPS 2018): the last layer, the upper third of the layers, all of them, three
times each. Scans are shifted by 1 to 4 pixels and turned by 2 degrees, and the map is moved back (Arun et al., Radiol
Artif Intell 2021;3:e200267). Maps are compared by Spearman's rank correlation of the cells and by structural similarity
(Wang et al., IEEE Trans Image Process 2004;13:600-612); the mean over the repeats of a scan counts. A warning is raised
where the correlation with all weights shuffled lies above 0.5 at its lower bound. Deletion and insertion (Petsiuk et
al., BMVC 2018): cells are blurred, or made sharp, in the order of the map, in ten steps; the control is the mean of two
orders of chance. Interval of means: t, cluster-robust where patients have several scans; the random networks are the
same for all scans.

Distance to training: the Euclidean distance of the embeddings (principal components of the last layer before the
classes) to the nearest scan that the model was fitted on, as a share of the median distance to all of them.

Without looking: a logistic regression with a ridge penalty on what the study records of each image, fitted and judged
in folds of whole groups. Coarse pattern: the 64 bits of the perceptual hash. From an AUC of 0.80 at its lower bound a
warning is raised: as a test of the disease that would be called excellent (Hosmer, Lemeshow and Sturdivant, Applied
Logistic Regression, 2013).
"""

ROBUSTNESS = f"""
Twelve things that go wrong with MRI, each at five severities, applied to the same sample of scans; noise, ghosting,
motion and low resolution are made in k-space. Severity 0 is the scan itself. Sensitivity and specificity are of any
tumour against none. Interval: {BOTH}, {WILSON}, and {RAO_SCOTT}.

A rate holds until the highest severity up to which its lower bound stays at its limit or above. The limit is that of
the acceptance criterion on the lower bound; without one, 0.05 below the lower bound of the untouched scans.

It notices when the mean confidence falls by at least half as much as the accuracy, at the highest severity. Flagged:
the score of how unlike the training images a scan is lies above the value that 5% of the tuning images exceed; a
corruption is caught where half of the scans are flagged at the highest severity.

A warning is raised where severity 2 of 5 surely costs more than 5 percentage points: the paired fall on the same scans,
with the interval of Newcombe (Stat Med 1998;17:2635-2650, method 10), as for the need. Repeats are shifts by 1
to 4 pixels and turns by 2 degrees, all repeats of a scan in one group.
"""

SUBGROUPS = f"""
By each recorded column: text has a subgroup a value, and so have numbers of up to 8 different values. Other numbers are
put into bins: ages at 18, 40, 60 and 80 years, the rest at the quartiles of all cases of the study; tumour size is the
share of the image inside the reference outline, in thirds. Two columns are crossed by every combination that occurs.
Scans of which a column is not known are left out of its table.

Rates rest on the largest probability. Interval: {BOTH}, {WILSON}, and {RAO_SCOTT}. The difference is the rate of a
subgroup less that of all other scans: the two intervals joined by squares (Newcombe, Stat Med 1998;17:873-890, method
10; Zou and Donner, Stat Med 2008;27:1693-1702), in the clustered one with the correlation that comes from patients with
scans on both sides. The lowest low and the highest high count.

The p-value of a difference is one less the level at which its interval just reaches 0, the larger of the plain and the
clustered one. Holm's adjustment (Scand J Stat 1979;6:65-70) is over every number and every subgroup of the table; of
two subgroups the differences are one and the same and count once.

A rate is not given for fewer than 20 scans: without an error its lower bound would still lie below 0.84. Nor is it for
fewer than 10 patients or images with several scans each: without an error that bound would be 0.72.

Whether a number differs at all: Pearson's chi-square over the subgroups that are large enough, with the second-order
correction of Rao and Scott (Ann Stat 1984;12:46-60; F as in Thomas and Rao, J Am Stat Assoc 1987;82:630-636); where an
expected count lies below 5, against 9,999 drawn tables with the same margins. The larger of the plain and the clustered
p-value counts.

Findings look at the first 8 columns and at all pairs of the first 6, with Holm over all of them together. Named is the
subgroup that is surely worst: whose interval of the difference ends farthest below 0. It is critical from 5 percentage
points on.
"""

CLAIMS = """
A claim is contradicted when no whole numbers of cases make it true together with other claims of the same source.
Every count is tried that a printed number can stand for: rounded half up, half even, half down, or cut off. Printed
intervals are set against Wilson, Clopper-Pearson, Wald, Agresti-Coull and Jeffreys; where none of them gives one and
the source names no method, it stays open.

A claim is not reproduced when the interval of the difference, published less this study, does not hold 0
(Newcombe, Stat Med 1998;17:873-890, method 10; for means over folds from corrected t intervals). Where several counts
can stand behind a printed rate, the one nearest to this study is taken. The study's number has the lower low and
the higher high of the plain and the cluster-adjusted interval.

It is not comparable when data set, split, unit, classes or the kind of folds differ, or when one side has more than
twice as many cases. A contradiction stands whatever this study finds.
"""

COMPARE = f"""
Both models are read on the same scans: those with a prediction in both studies. They are matched by case id within a
data set, else by identical bytes; scans whose label differs between the studies are left out.

Difference: A minus B. Interval: Newcombe's for paired proportions (Stat Med 1998;17:2635-2650, method 10). Where scans
share a patient or a copy in either study, the same on n divided by the design effect of the difference stands beside
it (the variance between groups over that of independent scans), and {BOTH} are shown. Rates of one model:
{WILSON}, and {RAO_SCOTT}.

p-values ask whether both models are right equally often: McNemar's test on the scans that only one of them calls
rightly, exact and mid-p (Psychometrika 1947;12:153-157; Fagerland et al., BMC Med Res Methodol 2013;13:91). They take
scans as independent: where groups hold several, the download and JSON have the test of Durkalski et al. (Stat Med
2003;22:2417-2428) between groups, and for all tests together Holm's adjusted p-values (Scand J Stat 1979;6:65-70).

With a margin that the study fixes ([thresholds] non_inferiority_margin), a model is not inferior where the whole score
interval of the difference lies on its side of the margin, and two are equivalent where it lies within (Tango, Stat Med
1998;17:891-908; with groups on n divided by the design effect of the difference).

AUC: DeLong's test for two scores on the same scans (Biometrics 1988;44:837-845), between groups Obuchowski's
(Biometrics 1997;53:567-578). Near an AUC of 1 these intervals are too short: the intervals of the two AUCs, combined
with their correlation, are computed too, and the lowest low and the highest high count. Between groups both rest on the
t distribution with the groups of the smaller side less 1. The p-value stays, so a small one may stand beside an
interval that holds 0.

Net benefit of any tumour: prevalence times the difference of the sensitivities plus t / (1 - t) times the rest times
that of the specificities, both intervals joined by squares (Zou and Donner, Stat Med 2008;27:1693-1702).

By patient: one answer of each model for each patient, by the rules of the page Per class. A patient counts once, so the
interval is Newcombe's on patients and McNemar's test holds.

The rows of the class without a tumour are left out: any tumour asks the same the other way round.
"""

RUN = """
The page runs `neuroval evaluate`, which streams: images are read, copies among them are looked for, each image goes
through the network once, and finished parts are kept on disk. An evaluation that was stopped goes on from these parts;
its study is that of one that was not. Training images are listed, not judged. Images that cannot be read are listed
with the reason. The time left is that of the step, at its pace so far.

Folders are those under the settings of the server; links that lead out of them are refused. An image lies in a
sub-folder named as its class, optionally under `Training` and `Testing`; images of neither are external.
"""

TRY_SCAN = f"""
The scan is read, resized and judged as those of the study were: the same file gives the same probabilities. DICOM is
rescaled and windowed as the file says, without a window spread from its darkest to its brightest value. Nothing is
kept: the file is in memory until the page is left, and a log holds its hash at most.

Like the training images or not: the larger of two distances from them. What the principal components leave out of the
network's embedding (Jackson and Mudholkar, Technometrics 1979;21:341-349), and the Mahalanobis distance of grey
levels, colour and fine structure with a shrunken covariance (Ledoit and Wolf, J Multivar Anal 2004;88:365-411). The
limit is the value that 5% of the tuning images exceed, so about one proper scan in twenty is called unlike them; a
scan that is like them need not be of a kind that was ever tested.

What looks like it: the evaluated scans with the smallest Euclidean distance between embeddings, and how many of them
the model called rightly. Interval: {BOTH}, {WILSON}, and {RAO_SCOTT}.
"""
