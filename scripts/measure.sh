#!/usr/bin/env bash
# Measures everything there is, one after the other, into one document: each command, when it began, what it printed and how it
# ended. Two and a half hours, of a machine that does nothing else.
set -uo pipefail

ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd -P)
usage='./pbts measure [--output docs/measured.md] [--only NAME,…] [--opentracker FILE]
  Measures everything into one document, which it begins, or goes on with where there is one.
  --only NAME,…        these alone, of: announce site udp split verify inner report vouchers proofs trust transfer gate memory
                       stranger cluster soak chaos partition overload failover upgrade experiments
  --opentracker FILE   an opentracker built with keep-alive (-DWANT_KEEPALIVE) for the comparison over HTTP'
output=$ROOT/docs/measured.md only='' opentracker=()
while [ $# -gt 0 ]; do
    case $1 in
        --output) output=${2:?--output needs a file} && shift 2 ;;
        --only) only=,${2:?--only needs names}, && shift 2 ;;
        --opentracker) opentracker=(--opentracker "$(readlink -f "${2:?--opentracker needs a file}")") && shift 2 ;;
        --help | -h) echo "$usage" && exit 0 ;;
        *) echo "pbts: unknown option $1" >&2 && echo "$usage" >&2 && exit 1 ;;
    esac
done

# What builds, test runners and the benchmark library say of themselves.
noise='^==> (Building|Warming up|Starting a|Run [0-9])|^Build succeeded|Warning\(s\)|Error\(s\)|^Time Elapsed|^\[xUnit|A total of|Test run for|^VSTest|^No test matches|^Data collector|^Results File|^backend>|^\[ *[0-9]+ %|\.dll$|^ *$'
noise+='|^(Overhead|Workload)[A-Z]|^//|^(Runtime|Mean|Min|IQR|ConfidenceInterval|Skewness) +=|^InnerLoops\.|^--|^\[.*\) \||^(Run|Global total) time:'

failed=0
measure() {
    local name=$1 title=$2 began load code
    shift 2
    [ -z "$only" ] || [[ $only == *,"$name",* ]] || return 0
    began=$(date -u +'%Y-%m-%d %H:%M') load=$(cut -d' ' -f1 /proc/loadavg)
    echo "==> $name: ./pbts $*" >&2
    SECONDS=0
    {
        printf '\n## %s\n\n`./pbts %s`\n\n```\n' "$title" "${*/"${opentracker[1]:-//}"/opentracker}"
        "$ROOT/pbts" "$@" 2>&1 | tee /dev/stderr | grep -vE "$noise" | sed "s|$ROOT|…|g"
        code=${PIPESTATUS[0]}
        printf '```\n\nBegun %s UTC at commit %s with a load average of %s; %d min %d s; exit code %d.\n' "$began" "$(git -C "$ROOT" describe --always --dirty --abbrev=12)" "$load" $((SECONDS / 60)) $((SECONDS % 60)) "$code"
    } >>"$output"
    [ "$code" -eq 0 ] || failed=1
}

if [ ! -f "$output" ]; then
    {
        echo '# Measured'
        echo
        echo "What \`./pbts measure\` printed, in its order. [performance.md](performance.md) says what it means."
        echo
        echo "$(nproc) processors ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)), $(awk '/MemTotal/ { printf "%d", $2 / 1048576 + 0.5 }' /proc/meminfo) GiB, Linux $(uname -r | cut -d- -f1), everything on the one machine."
    } >"$output"
fi

measure announce 'Announces over HTTP' bench announce --runs 5 "${opentracker[@]}"
measure site 'What a site adds' bench announce --site --runs 5
measure udp 'Announces over UDP' bench udp --runs 5
measure split 'A front end and a silo' bench split --runs 5
measure verify 'Receipts verified' bench verify
measure inner 'The inner loops of the curve' bench inner
measure report 'Receipts reported' bench report --rounds 5
measure vouchers 'Vouchers reported' bench vouchers --rounds 5
measure proofs 'Roots and proofs' bench proofs --runs 5
measure trust 'Trust scores' bench trust
measure transfer 'What vouchers add to a transfer' bench transfer
measure gate 'The gate' bench gate
measure memory 'Memory' bench memory
measure stranger 'What one stranger can do' bench stranger
measure cluster 'Announces that stay in one process' bench cluster
measure soak 'Soak' bench soak --minutes 60
measure chaos 'Chaos' chaos --minutes 10
measure partition 'A silo cut off' test --slow --filter FullyQualifiedName~PartitionTests
measure overload 'Five times the capacity' bench overload
measure failover 'The database fails over' test --slow --filter FullyQualifiedName~FailoverTests
measure upgrade 'Upgrades, and back' test --slow --filter FullyQualifiedName~UpgradeTests
measure experiments 'Experiments' experiments --iterations 1000 --duration 60
exit $failed
