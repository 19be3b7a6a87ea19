#!/usr/bin/env bash
# lane: what mtd signs verifies with PyJWT, joserfc and jose, nothing that was altered does, and Python tells the story

source tests/lib.sh

readonly SOURCES=tests/conformance
readonly PYTHON_ENV=target/conformance/venv
readonly BINDING=target/conformance/binding

main() {
    need_rust
    need_python_packages
    need_node_packages
    step cargo build --release --locked -p desktop-harness --bin mtd
    local mtd=${CARGO_TARGET_DIR:-target}/release/mtd

    local tokens
    tokens=$(mktemp -d)
    # shellcheck disable=SC2064  # the directory of now, not of then
    trap "rm -rf '$tokens'" EXIT
    step "$mtd" demo --keep "$tokens"

    step "$PYTHON_ENV/bin/python" $SOURCES/verify_pyjwt.py "$tokens"
    step "$PYTHON_ENV/bin/python" $SOURCES/verify_joserfc.py "$tokens"
    step node $SOURCES/verify_jose.mjs "$tokens"
    step "$PYTHON_ENV/bin/python" $SOURCES/verify_mtd.py "$mtd" "$tokens"

    make_binding
    step "$PYTHON_ENV/bin/python" $SOURCES/story.py "$mtd" $BINDING
}

# The Python binding, generated from the very library that is put beside it.
make_binding() {
    local built=${CARGO_TARGET_DIR:-target}/debug
    # Apart: together, the generator's features would be the library's too.
    step cargo build --locked -p bindings
    step cargo build --locked -p bindgen
    rm -rf $BINDING
    step "$built/uniffi-bindgen" generate --library "$built/libmtd_agent.so" --language python --out-dir $BINDING
    cp "$built/libmtd_agent.so" $BINDING
}

need_python_packages() {
    need python3 python3
    python3 -c 'import ensurepip' 2>/dev/null || install_package "Python's venv" python3-venv
    is_fresh "$PYTHON_ENV/stamp" $SOURCES/requirements.txt && return
    say "installing the Python packages of $SOURCES/requirements.txt into $PYTHON_ENV"
    rm -rf "$PYTHON_ENV"
    python3 -m venv "$PYTHON_ENV"
    "$PYTHON_ENV/bin/pip" install --quiet --disable-pip-version-check -r $SOURCES/requirements.txt ||
        could_not_run "the Python packages could not be installed"
    stamp "$PYTHON_ENV/stamp" $SOURCES/requirements.txt
}

need_node_packages() {
    need node nodejs
    need npm npm
    is_fresh $SOURCES/node_modules/.stamp $SOURCES/package-lock.json && return
    say "installing the npm packages of $SOURCES/package-lock.json"
    (cd $SOURCES && npm ci --silent --no-audit --no-fund) || could_not_run "the npm packages could not be installed"
    stamp $SOURCES/node_modules/.stamp $SOURCES/package-lock.json
}

main
