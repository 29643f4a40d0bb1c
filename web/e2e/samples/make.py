#!/usr/bin/env python3
"""Writes hill.laz and hill.e57, the samples of formats that are too intricate to be written by the tests themselves.
Needs the Python packages laspy with lazrs, and pye57.  The files are kept beside this script.

  make.py [FOLDER]
"""

import math
import pathlib
import sys

import laspy
import numpy
import pye57

SIDE = 40


def hill():
    """The same hill as in points.mjs, with fewer points."""
    index = numpy.arange(SIDE * SIDE)
    u, v = (index % SIDE) / (SIDE - 1), (index // SIDE) / (SIDE - 1)
    height = 12 * numpy.sin(u * math.pi) * numpy.sin(v * math.pi)
    edge = numpy.minimum(numpy.minimum(u, v), numpy.minimum(1 - u, 1 - v))
    kind = numpy.where(edge < 0.1, 9, numpy.where(height > 8, 6, 2))
    return u, v, height, kind


def write_laz(path):
    u, v, height, kind = hill()
    header = laspy.LasHeader(version="1.4", point_format=7)
    header.scales = [0.001, 0.001, 0.001]
    header.offsets = [402_000, 5_623_000, 0]
    las = laspy.LasData(header)
    las.x, las.y, las.z = 402_100 + u * 60, 5_623_400 + v * 60, 80 + height
    las.red = (60 + u * 180).astype(numpy.uint16) * 257
    las.green = (200 - height * 12).astype(numpy.uint16) * 257
    las.blue = (60 + v * 180).astype(numpy.uint16) * 257
    las.intensity = (u * 60_000).astype(numpy.uint16)
    las.classification = kind.astype(numpy.uint8)
    las.write(str(path))


def write_e57(path):
    path.unlink(missing_ok=True)
    index = numpy.arange(400)
    column, row = (index % 20).astype(float), (index // 20).astype(float)
    file = pye57.E57(str(path), mode="w")
    # Turned by a quarter around z, as a scanner that looks to the north would be.
    half = math.sqrt(0.5)
    file.write_scan_raw(
        {
            "cartesianX": column,
            "cartesianY": row,
            "cartesianZ": numpy.sin(column / 3),
            "intensity": column / 19,
            "colorRed": (10 + column * 12).astype(numpy.uint8),
            "colorGreen": (20 + row * 11).astype(numpy.uint8),
            "colorBlue": numpy.full(400, 30, numpy.uint8),
        },
        rotation=numpy.array([half, 0, 0, half]),
        translation=numpy.array([100.0, 200.0, 5.0]),
    )
    file.close()


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    write_laz(folder / "hill.laz")
    write_e57(folder / "hill.e57")


if __name__ == "__main__":
    main()
