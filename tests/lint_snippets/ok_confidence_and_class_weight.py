# Right: class weights, and how sure each annotator was
model.fit(x, y, class_weight={0: 1.0, 1: 8.0}, sample_weight=annotator_confidence)
