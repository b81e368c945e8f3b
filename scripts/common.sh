# Shared helpers: messages, ports, HTTP without curl, and processes identified by pid and start time.

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
die() {
    printf 'pbts: %s\n' "$*" >&2
    exit 1
}

# A port that somebody listens on, by TCP (state 0A) or UDP (state 07), on whatever address.
port_busy() {
    local hex
    hex=$(printf '%04X' "$1")
    cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6 2>/dev/null |
        awk -v p=":$hex" '($4 == "0A" || $4 == "07") && index($2, p) { found = 1 } END { exit !found }'
}

# A random free port below the ephemeral range, so that no outgoing connection takes it in between.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        port_busy "$port" || break
    done
    echo "$port"
}

# Prints the HTTP status of GET http://host:port/path, or 000.
http_status() {
    local host=$1 port=$2 path=$3 line=
    line=$( {
        exec 3<>"/dev/tcp/$host/$port" || exit 1
        printf 'GET %s HTTP/1.0\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$path" "$host" "$port" >&3
        IFS= read -r -t 5 line <&3
        printf '%s' "$line"
    } 2>/dev/null)
    [[ $line =~ ^HTTP/1\.[01]\ ([0-9]{3}) ]] && echo "${BASH_REMATCH[1]}" || echo 000
}

# Field 22 of /proc/PID/stat: together with the boot id it tells a process from a later one with its pid.
proc_start() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086
    set -- $stat
    [ "$1" != Z ] && echo "${20}"
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# launch NAME COMMAND…: a child in a session of its own (no terminal signal reaches it), its log and its
# identity on record. Neither the lock on the data folder nor the caller's output is inherited, nor is the chain's key by
# those that sign nothing.
launch() {
    local name=$1 pid without=()
    shift
    case $name in
        node-* | silo-* | .keeper) ;;
        *) without=(env -u RPC -u PK0 -u FACTORY -u REPUTATION_ADDRESS -u Chain__Rpc -u Chain__PrivateKey) ;;
    esac
    setsid "${without[@]}" "$@" </dev/null >>"$DATA/logs/${name#.}.log" 2>&1 4>&- 9>&- &
    pid=$!
    # While the kernel still shows the shell's fork the start time is the same: exec does not change it.
    printf '%s %s %s\n' "$pid" "$(proc_start "$pid")" "$(boot_id)" >"$DATA/run/$name.pid"
    disown "$pid" 2>/dev/null
    STARTED+=("$name")
}

# Prints the pid of NAME when the very process that was recorded still runs.
pid_of() {
    local pid start boot
    read -r pid start boot 2>/dev/null <"$DATA/run/$1.pid" || return 1
    [ "$boot" = "$(boot_id)" ] && [ -n "$start" ] && [ "$start" = "$(proc_start "$pid")" ] && echo "$pid"
}

recorded() {
    local file
    for file in "$DATA"/run/*.pid; do
        [ -e "$file" ] && basename "$file" .pid
    done
}

# Children of a leader that was killed (nginx's workers) are still in its process group; while they live, or it is not
# buried yet, the kernel gives its pid to nobody else.
kill_orphans() {
    local pid start boot
    read -r pid start boot 2>/dev/null <"$DATA/run/$1.pid" || return 0
    [ "$boot" = "$(boot_id)" ] && [ -z "$(proc_start "$pid")" ] && kill -KILL -- "-$pid" 2>/dev/null
    return 0
}

# stop_names SIGNAL SECONDS NAME…: signal all, wait for all, kill what is left, forget them.
stop_names() {
    local signal=$1 seconds=$2 name pid deadline
    shift 2
    for name in "$@"; do
        pid=$(pid_of "$name") && kill "-$signal" "$pid" 2>/dev/null
    done
    deadline=$((SECONDS + seconds))
    for name in "$@"; do
        while pid=$(pid_of "$name") && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.1; done
        if pid=$(pid_of "$name"); then
            say "    $name did not stop within $seconds s: killed"
            kill -KILL "$pid" 2>/dev/null
            while pid_of "$name" >/dev/null; do sleep 0.1; done
        fi
        kill_orphans "$name"
        rm -f "$DATA/run/$name.pid"
    done
}

json_string() {
    local s=${1//\\/\\\\}
    s=${s//\"/\\\"}
    printf '"%s"' "$s"
}

# The value of KEY in the instance's settings file.
setting() { sed -n "s/^$1=//p" "$DATA/instance" 2>/dev/null; }

save_setting() {
    sed -i "/^$1=/d" "$DATA/instance"
    printf '%s=%s\n' "$1" "$2" >>"$DATA/instance"
}
