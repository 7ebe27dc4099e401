"""The silero network in numpy: twice as fast on a processor core as ONNX runtime with the same weights.

Per 32 ms frame: the magnitudes of four short spectra, four convolutions over them, one step of an LSTM, one score.
A runtime computes the convolutions frame by frame, on four columns each; here those of many frames are one product of
matrices. The last digit may differ.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import scipy.fft

from pipeline.types import FloatArray

STATE = 128
_SPECTRUM, _STEP, _BINS = 256, 128, 129
_REFLECTED = 64
_SPECTRA = 4  # of a frame
_FRAMES_AT_ONCE = 256
_HALF = np.float32(0.5)


class SileroNetwork:
    """Probabilities of speech of frames of 576 samples at 16 kHz, of which the first 64 belong to the frame before."""

    def __init__(self, weights: Mapping[str, FloatArray]) -> None:
        """Bring the constants of ``silero_vad_16k_sequence.onnx`` into the order in which they are used.

        Raises:
            KeyError, ValueError: they are another network's.
        """
        # The basis of the first convolution is that of a transform under this taper.
        self._taper = np.ascontiguousarray(weights["stft.forward_basis_buffer"][0, 0])
        first, second, third, fourth = (_as_product(weights[f"encoder.{at}.weight"]) for at in range(4))
        # The third sees two columns and silence before them, the fourth one column between silence.
        self._products = (first, second, third[STATE // 2 :], fourth[STATE // 2 : STATE])
        self._biases = tuple(weights[f"encoder.{at}.bias"] for at in range(4))
        inward, recurrent, biases = (weights[f"onnx::LSTM_{number}"][0] for number in (209, 210, 211))
        bias = biases[: 4 * STATE] + biases[4 * STATE :]
        # ONNX has the gates in the order in, out, forget, cell. A sigmoid is a tanh of half as much, moved and halved.
        halved = np.repeat(np.array([0.5, 0.5, 0.5, 1.0], np.float32), STATE)
        self._inward = np.ascontiguousarray((inward * halved[:, None]).T)
        self._recurrent = np.ascontiguousarray((recurrent * halved[:, None]).T)
        self._bias = bias * halved
        self._last, self._last_bias = weights["output.weight"][0, :, 0], weights["output.bias"]

    def probabilities(self, frames: FloatArray, hidden: FloatArray, cell: FloatArray) -> FloatArray:
        """Probability of each frame, shape (frames, 576); ``hidden`` and ``cell`` become those after the last."""
        seen = [self._seen(frames[at : at + _FRAMES_AT_ONCE]) for at in range(0, len(frames), _FRAMES_AT_ONCE)]
        states = self._remembered(np.concatenate(seen), hidden, cell)
        scores = np.maximum(states, 0.0) @ self._last + self._last_bias
        found: FloatArray = 1.0 / (1.0 + np.exp(-scores))
        return found

    def _seen(self, frames: FloatArray) -> FloatArray:
        """What each frame tells by itself: input of the LSTM's gates, shape (frames, 512)."""
        count = len(frames)
        mirrored = np.concatenate([frames, frames[:, -2 : -2 - _REFLECTED : -1]], axis=1)
        short = np.lib.stride_tricks.sliding_window_view(mirrored, _SPECTRUM, axis=1)[:, ::_STEP]
        columns = np.zeros((count, _SPECTRA + 2, _BINS), np.float32)
        np.abs(scipy.fft.rfft(short * self._taper, axis=-1), out=columns[:, 1:-1])
        wide = np.zeros((count, _SPECTRA + 2, STATE), np.float32)
        wide[:, 1:-1] = self._convolved(_threes(columns, 1), 0).reshape(count, _SPECTRA, STATE)
        narrow = self._convolved(_threes(wide, 2), 1).reshape(count, STATE)  # two columns of half as many
        gates: FloatArray = self._convolved(self._convolved(narrow, 2), 3) @ self._inward + self._bias
        return gates

    def _convolved(self, columns: FloatArray, layer: int) -> FloatArray:
        values: FloatArray = columns @ self._products[layer]
        values += self._biases[layer]
        return np.maximum(values, 0.0, out=values)

    def _remembered(self, gates: FloatArray, hidden: FloatArray, cell: FloatArray) -> FloatArray:
        """The LSTM's output of every frame; ``gates`` is used up."""
        states = np.empty((len(gates), STATE), np.float32)
        recurrent, before = self._recurrent, hidden
        for gate, state in zip(gates, states, strict=True):
            gate += before @ recurrent
            np.tanh(gate, out=gate)
            opened = gate[: 3 * STATE]
            opened += 1.0
            opened *= _HALF
            cell *= gate[2 * STATE : 3 * STATE]
            new = gate[3 * STATE :]
            new *= gate[:STATE]
            cell += new
            np.tanh(cell, out=state)
            state *= gate[STATE : 2 * STATE]
            before = state
        hidden[:] = before
        return states


def _as_product(weight: FloatArray) -> FloatArray:
    """Weights of a convolution over three columns, shape (out, in, 3), as the matrix that three columns meet."""
    return np.ascontiguousarray(weight.transpose(2, 1, 0).reshape(-1, weight.shape[0]))


def _threes(columns: FloatArray, step: int) -> FloatArray:
    """Every column with its neighbours, or every other one; shape (columns of all frames, 3 times its height)."""
    views = np.lib.stride_tricks.sliding_window_view(columns, 3, axis=1)[:, ::step]
    return views.transpose(0, 1, 3, 2).reshape(-1, 3 * columns.shape[2])
