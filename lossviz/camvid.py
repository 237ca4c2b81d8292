"""CamVid's counts of pixels, a real long tail, and the list of weights that everybody copies and that does not follow from it.

367 training images of 480×360 pixels, of the split that SegNet uses (Badrinarayanan et al. 2017, arXiv:1511.00561; the data:
Brostow et al. 2009, Pattern Recognition Letters 30(2)).
"""

import numpy as np

CLASSES = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist", "Void",
)  # fmt: skip
VOID = CLASSES.index("Void")
"""The class of what has no label; its weight is 0."""
SIZE = 480 * 360
"""Pixels of an image."""
PIXELS = np.array(
    [10682767, 14750079, 623349, 20076880, 2845085, 6166762, 743859, 714595, 3719877, 405385, 184967, 2503995]
)
"""Pixels of each class, [12]."""
IMAGES = np.array([366, 365, 366, 367, 349, 319, 351, 173, 360, 317, 201, 367])
"""Images that contain each class, of 367, [12]."""
PRESENT = IMAGES * SIZE
"""Pixels of the images that contain each class, [12]: what `class_weights` takes as `present`."""
SEGNET = np.array([0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826, 9.6446, 1.8418, 0.6823, 6.2478, 7.3614, 0.0])
"""The widely copied list of SegNet's training script, [12]; Void, which it leaves out, as 0."""
