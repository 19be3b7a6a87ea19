#!/usr/bin/env bash
# lane: what mtd signs verifies with PyJWT, joserfc, jwcrypto and jose, and nothing that was altered; a connector written by docs/wire.md alone works; MVT agrees; Python tells the story

source tests/lib.sh

readonly SOURCES=tests/conformance
readonly PYTHON_ENV=target/conformance/venv
readonly MVT_ENV=target/conformance/venv-mvt
# Public feeds, read in place.
readonly DATA=${MTD_SHARED_DATA:-../shared/data}
readonly BINDING=target/conformance/binding

main() {
    need_rust
    need_python
    need_python_packages "$PYTHON_ENV" $SOURCES/requirements.txt
    need_python_packages "$MVT_ENV" $SOURCES/requirements-mvt.txt
    need_node_packages
    step cargo build --release --locked -p desktop-harness --bin mtd
    local mtd=${CARGO_TARGET_DIR:-target}/release/mtd

    local kept
    kept=$(mktemp -d)
    # shellcheck disable=SC2064  # the directory of now, not of then
    trap "rm -rf '$kept'" EXIT
    local demo=$kept/demo exchange=$kept/exchange
    step "$mtd" demo --keep "$demo"
    step "$PYTHON_ENV/bin/python" $SOURCES/exchange.py "$mtd" "$exchange"

    local library
    for library in pyjwt joserfc jwcrypto; do
        step "$PYTHON_ENV/bin/python" $SOURCES/verify_$library.py "$demo" "$exchange"
    done
    step node $SOURCES/verify_jose.mjs "$demo" "$exchange"
    step "$PYTHON_ENV/bin/python" $SOURCES/verify_mtd.py "$mtd" "$demo"
    step "$PYTHON_ENV/bin/python" $SOURCES/docs.py "$exchange"
    step "$PYTHON_ENV/bin/python" $SOURCES/stranger_test.py "$mtd"
    step "$PYTHON_ENV/bin/python" $SOURCES/security.py
    show_vectors

    compare_intelligence "$mtd"

    make_binding
    step "$PYTHON_ENV/bin/python" $SOURCES/story.py "$mtd" $BINDING
}

# The test vectors of others, and how many there were.
show_vectors() {
    step cargo test --quiet --locked -p agent-core --lib -- --nocapture wycheproof rfc_7515 rfc_7638 rfc_8037 hostile
}

# The public feeds, as mtd, a JSON and a YAML parser, and MVT read them.
compare_intelligence() {
    local mtd=$1
    if [[ ! -d $DATA/intel ]]; then
        say "threat intelligence: NOT COMPARED with MVT, there are no feeds in $DATA/intel"
        return
    fi
    step "$MVT_ENV/bin/python" $SOURCES/intel_counts.py "$mtd" "$DATA"
    step "$MVT_ENV/bin/python" $SOURCES/intel_mvt.py "$mtd" "$DATA"
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

need_python() {
    need python3 python3
    python3 -c 'import ensurepip' 2>/dev/null || install_package "Python's venv" python3-venv
}

# The packages of FILE in the virtual environment ENV.
need_python_packages() {
    local env=$1 file=$2
    is_fresh "$env/stamp" "$file" && return
    say "installing the Python packages of $file into $env"
    rm -rf "$env"
    python3 -m venv "$env"
    "$env/bin/pip" install --quiet --disable-pip-version-check -r "$file" ||
        could_not_run "the Python packages of $file could not be installed"
    stamp "$env/stamp" "$file"
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
