using System.CommandLine;

namespace Pbts.Cli.Commands;

internal static class CompletionCommand
{
    // The shell hands the line to the command's own [suggest] directive, so the completion knows every command and option.
    // What the script ./pbts does itself is listed. Where no word fits, bash completes file names.
    private const string Bash = """
        _pbts() {
            local word=${COMP_WORDS[COMP_CWORD]} own='up down status rolling-restart test chaos bench measure experiments help' words='' w
            case $COMP_CWORD:${COMP_WORDS[1]} in
                1:*) ;;
                *:up) words='--port --host --https --data --silos --apis --no-chain --detach' ;;
                *:down) words='--data' ;;
                *:rolling-restart) words='--data --clone' ;;
                *:status) words='--data --json' ;;
                *:test) words='--slow --filter' ;;
                *:chaos) words='--minutes --json' ;;
                *:bench) words='announce udp split verify report inner vouchers proofs trust transfer gate memory soak overload stranger cluster' ;;
                *:measure) words='--output --only --opentracker --help' ;;
                *:experiments) words='--iterations --duration --output --only --quick --help' ;;
                *:help) return ;;
            esac
            if [ -z "$words" ]; then
                words=$("${COMP_WORDS[0]/#~/$HOME}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" </dev/null 2>/dev/null)
                [ "$COMP_CWORD" -eq 1 ] && words="$words $own"
            fi
            COMPREPLY=()
            while IFS= read -r w; do
                case $w in
                    '' | - | -h | / | /h) ;;
                    -*) [[ $word == -* ]] && COMPREPLY+=("$w") ;;
                    *) COMPREPLY+=("$w") ;;
                esac
            done < <(compgen -W "${words//\?/}" -- "$word") # a question mark would be a pattern
        }
        complete -o default -F _pbts pbts
        """;

    private const string Zsh = """
        _pbts() {
            local -a found
            found=("${(@f)$(${words[1]:-pbts} "[suggest:${#BUFFER}]" "$BUFFER" </dev/null 2>/dev/null)}")
            (( CURRENT == 2 )) && found+=(up down status rolling-restart test chaos bench measure experiments help)
            found=("${(@)found:#(-\?|-h|/\?|/h)}")
            [[ $PREFIX == -* ]] || found=("${(@)found:#-*}")
            compadd -a found
            (( CURRENT > 2 )) && _files
        }
        compdef _pbts pbts
        """;

    public static Command Create(CommandContext context)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash or zsh." };
        shell.AcceptOnlyFromAmong("bash", "zsh");
        var command = new Command("completion", "Print a completion script; use it with: source <(pbts completion bash)") { shell };
        command.SetAction(parsed =>
        {
            context.Output.WriteLine(parsed.GetRequiredValue(shell) == "bash" ? Bash : Zsh);
            return ExitCodes.Success;
        });
        return command;
    }
}
