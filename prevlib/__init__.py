"""prevlib: pre-train, fine-tune and, above all, measure pre-trained language models.

The files read in lesson order; each imports only files that stand before it.

==========================  ============================================================
``prevlib.arguments``       checks of counts, rates and texts where they enter
``prevlib.files``           files written whole, verified, bound to what made them
``prevlib.datasets``        texts with fixed splits: reviews, speeches, entities, pairs
``prevlib.checkpoints``     models by alias, folder or hub name, or loaded; verified
``prevlib.tokenization``    WordPiece vocabularies, learnt from texts
``prevlib.masking``         hidden words for pre-training: 80/10/10, whole words
``prevlib.losses``          masked-language-model loss and cross-entropy from scratch
``prevlib.encoder``         BERT, written out: attention, layers, heads; released weights
``prevlib.inference``       models over texts: device, batches, packed weights
``prevlib.features``        last hidden state, pooled output, one vector per text
``prevlib.setup_check``     is this computer ready?
``prevlib.workspace``       copies of the lessons to work in, and JupyterLab for them
``prevlib.plots``           arrays in, matplotlib Axes out
``prevlib.training``        one training loop for pre-training and fine-tuning
``prevlib.pretraining``     a BERT from random weights, resumable, on any processes
``prevlib.finetuning``      classifiers and taggers: frozen, full, from scratch
``prevlib.metrics``         accuracy, precision, recall, F1 and their relatives
``prevlib.evaluation``      how far a score can be trusted
``prevlib.loss_checks``     what a right loss does, for losses of your own
``prevlib.language``        how probable a sentence is to a masked language model
``prevlib.cost``            weights, operations, time, memory
``prevlib.generation``      gaps filled, and texts written, by a masked language model
``prevlib.interpretation``  attention, attribution and probes, beside their controls
``prevlib.report``          a whole evaluation, from a task to a model card
``prevlib.exercises``       answers are checked, and told what is missing
``prevlib.widgets``         controls wired to one plot each
``prevlib.__main__``        the command ``prevlib``
==========================  ============================================================

``import prevlib`` loads none of them, so it costs nothing; import the file you need.
"""

__version__ = "0.2.0"
