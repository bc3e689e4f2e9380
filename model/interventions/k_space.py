"""What happens while an MR image is acquired: noise, ghosts, motion, few lines. Made where it happens, in k-space."""

import cv2
import numpy as np
from numpy.typing import NDArray

from neuroval.model.interventions.framing import warped

Complex = NDArray[np.complex128]
CENTRE = 0.02  # part of the lines around the middle of k-space, which carry the mean; ghosts leave them alone


def rician_noise(grey: NDArray[np.uint8], amount: float, *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the magnitude of the picture with complex normal noise: its SD is ``amount`` of the brightest tissue.

    The magnitude of a complex signal is Rice distributed: noise lifts dark parts. Gudbjartsson & Patz 1995, "The
    Rician distribution of noisy MRI data", doi 10.1002/mrm.1910340618. Brightest is the 99th percentile.
    """
    sd = amount * float(np.percentile(grey, 99)) * np.sqrt(grey.size)  # white in k-space, and so in the picture
    noise = rng.normal(0, sd, (2, *grey.shape))
    return _picture(_k_space(grey) + noise[0] + 1j * noise[1])


def ghosting(grey: NDArray[np.uint8], amount: float, *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture with ghosts along the direction of phase encoding: every so many lines are damped.

    Lines 2 to 6 apart lose ``amount`` of their signal, as a periodic movement such as pulsation does. After
    RandomGhosting of TorchIO (Perez-Garcia et al. 2021, doi 10.1016/j.cmpb.2021.106236).
    """
    lines, axis = _k_space(grey), int(rng.integers(2))
    length = grey.shape[axis]
    damped = np.ones(length)
    damped[:: int(rng.integers(2, 7))] = 1 - amount
    kept = max(1, round(CENTRE * length / 2))
    damped[length // 2 - kept : length // 2 + kept + 1] = 1
    return _picture(lines * (damped[:, None] if axis == 0 else damped[None]))


def motion(grey: NDArray[np.uint8], amount: float, *, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture of a head that moved twice while its lines were read, by up to ``amount`` each way.

    ``amount`` is in degrees, and in hundredths of the picture's longer side. Each third of k-space is that of the head
    as it then lay. After Shaw et al. 2019, "MRI k-space motion artefact augmentation" (PMLR 102:427-436).
    """
    height, width = grey.shape
    axis, lines = int(rng.integers(2)), _k_space(grey)
    cuts = np.sort(rng.uniform(0.25, 0.75, 2)) * grey.shape[axis]
    for start in cuts.astype(int):
        degrees, along, across = rng.choice([-1, 1], 3) * rng.uniform(0.5, 1, 3) * amount
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(degrees), 1.0)
        matrix[:, 2] += np.array([along, across]) * max(grey.shape) / 100
        moved = _k_space(warped(grey, matrix))
        later = np.arange(grey.shape[axis]) >= start
        lines = np.where(later[:, None] if axis == 0 else later[None], moved, lines)
    return _picture(lines)


def low_resolution(grey: NDArray[np.uint8], kept: float) -> NDArray[np.uint8]:
    """Return the picture from the middle ``kept`` of its lines both ways, the rest zero, as scanners fill them.

    Sharp edges ring (Gibbs), which a blur does not show.
    """
    lines = _k_space(grey)
    for axis, length in enumerate(grey.shape):
        outside = np.abs(np.arange(length) - length // 2) > kept * length / 2
        lines[outside if axis == 0 else (slice(None), outside)] = 0
    return _picture(lines)


def _k_space(grey: NDArray[np.uint8]) -> Complex:
    return np.fft.fftshift(np.fft.fft2(grey.astype(np.float64)))


def _picture(lines: Complex) -> NDArray[np.uint8]:
    return np.clip(np.rint(np.abs(np.fft.ifft2(np.fft.ifftshift(lines)))), 0, 255).astype(np.uint8)
