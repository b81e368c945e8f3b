# Finds what the tracker needs and installs what Debian and npm can bring; says what it does.

step() { printf '==> %s\n' "$*"; }
die() {
    printf 'pbts: %s\n' "$*" >&2
    exit 1
}

# need WHAT…: installs what is missing of it.
need() {
    local what
    for what in "$@"; do
        case $what in
            postgres) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || apt_install postgresql ;;
            nginx) need_nginx ;;
            # The database of the sites that move here or are followed.
            mariadb) need_programs mariadbd:mariadb-server ;;
            # By lock file, into solidity/node_modules.
            foundry) need_packages solidity .bin/anvil "Foundry's anvil and forge and solc" ;;
            # What the auditor in tests/audit verifies signatures with.
            auditor) need_packages tests/audit @chainsafe/blst "the second auditor's BLS library" ;;
            # Checks Prometheus' rules and tries them on made-up series.
            rules) need_programs promtool:prometheus ;;
            # What the verifiers in tests/proofs hash and check signatures with.
            proofs) need_packages tests/proofs @noble/hashes "the second verifiers' hashes and curves" ;;
            clients)
                need_programs aria2c:aria2 transmission-daemon:transmission-daemon transmission-remote:transmission-cli qbittorrent-nox:qbittorrent-nox deluged:deluged deluge-console:deluge-console \
                    chromium:chromium ip:iproute2 pdflatex:texlive-latex-base curl:curl setpriv:util-linux faketime:faketime php:php-cli
                # Debian's own Python with the library behind most clients.
                /usr/bin/python3 -c 'import libtorrent' 2>/dev/null || apt_install python3-libtorrent
                ;;
            # The second implementation of vouchers, which exchanges them with ours.
            webtorrent) need_packages clients/webtorrent webtorrent "WebTorrent" ;;
            # Plots have text.
            fonts) [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name '*.ttf' -print -quit 2>/dev/null)" ] || apt_install fonts-dejavu-core ;;
            *) need_programs "$what:$what" ;;
        esac
    done
}

need_dotnet() {
    command -v dotnet >/dev/null ||
        die "the .NET 10 SDK is missing: install it (https://dot.net) and put dotnet on the PATH"
    dotnet --list-sdks 2>/dev/null | grep -q '^10\.' ||
        die "dotnet is here, but no SDK of version 10: found $(dotnet --list-sdks | tr '\n' ' ')"
}

need_node() {
    local major
    command -v node >/dev/null && command -v npm >/dev/null ||
        die "Node.js 18 or newer with npm is missing (the local chain needs it); install it, or use --no-chain"
    major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
    [ "$major" -ge 18 ] || die "Node.js $major is too old: 18 or newer is needed"
}

# apt_install PACKAGE…: Debian packages, without starting any service they bring or creating a
# PostgreSQL cluster: the system stays as it was but for the programs.
apt_install() {
    local sudo=() policy=/usr/sbin/policy-rc.d made_policy= cluster=/etc/postgresql-common/createcluster.d/pbts.conf status=0 log
    command -v apt-get >/dev/null || die "please install: $* (this is no Debian, so pbts cannot)"
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || die "please install: sudo apt-get install -y --no-install-recommends $*"
        sudo=(sudo -n)
    fi
    step "Installing from Debian: $*"
    log=$(mktemp)
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null && "${sudo[@]}" chmod 755 "$policy"
        made_policy=1
    fi
    "${sudo[@]}" mkdir -p "$(dirname "$cluster")"
    echo 'create_main_cluster = false' | "${sudo[@]}" tee "$cluster" >/dev/null
    {
        "${sudo[@]}" apt-get update -qq
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" </dev/null
    } >"$log" 2>&1 || status=$?
    "${sudo[@]}" rm -f "$cluster"
    [ -n "$made_policy" ] && "${sudo[@]}" rm -f "$policy"
    if [ "$status" != 0 ]; then
        tail -15 "$log" >&2
        die "apt-get could not install $* (its output: $log)"
    fi
    rm -f "$log"
}

# need_programs PROGRAM:PACKAGE…: installs the packages whose program is missing, in one go.
need_programs() {
    local pair packages=()
    for pair in "$@"; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
    done
    [ ${#packages[@]} = 0 ] || apt_install "${packages[@]}"
}

# nginx with its module for JavaScript, where there is one to be had.
need_nginx() {
    local modules
    need_programs nginx:nginx-light
    modules=$(PATH="$PATH:/usr/sbin" nginx -V 2>&1 | sed -nE 's/.*--modules-path=([^ ]+).*/\1/p')
    [ -e "$modules/ngx_http_js_module.so" ] || (apt_install libnginx-mod-http-js) || true
}

# need_packages FOLDER PROBE WHAT: installs a folder's npm packages by its lock file when PROBE, a path in node_modules, is
# missing or the lock file is newer.
need_packages() {
    local dir=$ROOT/$1 probe=$2 what=$3
    need_node
    [ -f "$dir/package-lock.json" ] || die "$1/package-lock.json is missing: the clone is incomplete"
    (
        exec 8<"$dir"
        flock 8
        if [ ! -e "$dir/node_modules/$probe" ] || [ "$dir/package-lock.json" -nt "$dir/node_modules/.package-lock.json" ]; then
            step "Installing $what from npm ($1/package-lock.json)"
            # The packages' install scripts would only download what their platform packages already bring.
            npm ci --prefix "$dir" --ignore-scripts --no-audit --no-fund </dev/null >"$dir/node_modules.log" 2>&1 8>&- ||
                { head -20 "$dir/node_modules.log" >&2; exit 1; }
            rm -f "$dir/node_modules.log"
            touch "$dir/node_modules/.package-lock.json"
        fi
    ) || die "npm ci in $1/ failed"
}
