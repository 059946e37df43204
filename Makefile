# Two commands matter: `make lab` opens the course, `make test` proves it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
THREADS ?= 1
STAMP := $(VENV)/.installed
# Idle OpenMP threads must sleep: spinning, they make two-core machines up to ten times slower.
export OMP_WAIT_POLICY := PASSIVE
# nbval reads what a cell sends only when the cell has ended, and some 5,000 messages fit: bars must be slow.
export TQDM_MININTERVAL := 1
PRETRAIN := $(BIN)/torchrun --nproc_per_node 2 -m prevlib.pretraining
NOTEBOOKS := $(wildcard notebooks/[0-9][0-9]_*.ipynb) $(wildcard notebooks/assignments/source/*.ipynb)
COMPARED := notebooks/course.ipynb $(NOTEBOOKS)
BENCHMARKS := imports losses metrics bootstrap spans encoder pseudo_likelihood features mlm_step finetuning growth

.PHONY: lab test lint unit slow mutants nbval processors notebooks frame assignments grade study vectors shift taggers scorecard checkpoint bench picture clean
.DEFAULT_GOAL := lab

lab: $(STAMP)
	$(BIN)/prevlib lab $(ARGS)

test: lint unit nbval

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# One OpenMP thread for each of two workers, so that they do not fight over the cores.
unit: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -m "not slow" $(ARGS)

slow: $(STAMP)
	$(BIN)/python -m pytest -m slow $(ARGS)

# How many wrong solutions, made by machine, would the exercises accept?
mutants: $(STAMP)
	$(BIN)/python tests/exercises/mutants.py

nbval: $(STAMP)
	OMP_NUM_THREADS=$(THREADS) PYTHONPATH=$(CURDIR):tests:tests/processors $(BIN)/python -m pytest -p course_budget \
		--nbval --nbval-current-env --nbval-cell-timeout=600 --nbval-sanitize-with=tests/nbval_sanitize.cfg \
		-n 2 --dist loadfile $(ARGS) $(COMPARED)

# Do the outputs hold where the arithmetic rounds differently? Up to an hour on two cores.
processors: $(STAMP)
	$(BIN)/python tests/processors/bundles.py

# Execute the notebooks in place and drop what changes from run to run, widgets too: their pictures stay.
notebooks: $(STAMP)
	HF_HUB_OFFLINE=1 $(BIN)/jupyter nbconvert --to notebook --execute --inplace $(NOTEBOOKS)
	$(BIN)/nbstripout --keep-output --keep-count --keep-id --extra-keys \
		"metadata.widgets metadata.language_info.version cell.metadata.execution" $(NOTEBOOKS)
	perl -i -ne 'print unless /"application\/vnd.jupyter.widget-view/ .. /^ *\},$$/' $(NOTEBOOKS)

# Links to the previous and the next lesson, and those of the glossary, from the notebooks that are there.
frame: $(STAMP)
	$(BIN)/python tests/frame.py

# The learners' notebooks, without solutions.
assignments: $(STAMP)
	$(BIN)/python -m grading release notebooks/assignments/source notebooks/assignments/release

# SUBMISSIONS holds STUDENT/ASSIGNMENT.ipynb. UNSAFE=1 runs without a sandbox what you have read.
grade: $(STAMP)
	$(BIN)/python -m grading grade $(SUBMISSIONS) $(if $(UNSAFE),--trusted) $(ARGS)

# The predictions that notebook 07 reads; resumable, about 40 minutes on two cores.
study: $(STAMP)
	HF_HUB_OFFLINE=1 $(BIN)/python -m prevlib.finetuning prevlib/data/sentiment_study.jsonl

# The answers that notebook 06 reads; resumable, about 10 minutes on two cores.
vectors: $(STAMP)
	HF_HUB_OFFLINE=1 $(BIN)/python -m prevlib.finetuning --vectors prevlib/data/vector_study.jsonl

# The predictions that notebook 16 reads; resumable, about 15 minutes on two cores.
shift: $(STAMP)
	HF_HUB_OFFLINE=1 $(BIN)/python -m prevlib.finetuning --shift prevlib/data/shift_study.jsonl

# The predictions that notebook 13 reads; resumable, about 3 minutes on two cores.
taggers: $(STAMP)
	HF_HUB_OFFLINE=1 $(BIN)/python -m prevlib.finetuning --entities prevlib/data/entity_study.jsonl

# The rows that notebook 20 reads; resumable, about 20 minutes on two cores.
scorecard: $(STAMP)
	HF_HUB_OFFLINE=1 $(BIN)/python -m prevlib.report.measure prevlib/data/scorecard.json

# The embedded checkpoint `mini`: two runs on two processes, about two hours on two cores; resumable.
checkpoint: $(STAMP)
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(PRETRAIN) prevlib/data/recipes/mini_short_rows.yaml
	HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 $(PRETRAIN) prevlib/data/recipes/mini.yaml
	$(BIN)/python -m prevlib.pretraining.release build/mini/short_rows build/mini/long_rows prevlib/data/mini

# Speed beside the peers, as ratios; up to an hour in which the machine should do nothing else.
bench: $(STAMP)
	$(BIN)/python -c "import minicons, torchmetrics" || $(BIN)/pip install -c constraints.txt -e ".[bench]"
	@for name in $(BENCHMARKS); do echo "$$name"; HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks $$name || exit 1; done
	$(BIN)/python -m benchmarks report

# The picture of the README is the last one of notebook 07.
picture: $(STAMP)
	$(BIN)/jupyter nbconvert --to markdown --output-dir build/07 notebooks/07_fine_tune_for_sentiment.ipynb
	cp "$$(ls -t build/07/*_files/*.png | sort -V | tail -1)" notebooks/label_efficiency.png

# The environment is stale when the requirements are newer than it.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -c constraints.txt -e ".[lab,test]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .hypothesis .ruff_cache
