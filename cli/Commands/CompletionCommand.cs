using System.CommandLine;

namespace Pbts.Cli.Commands;

internal static class CompletionCommand
{
    // The shell hands the line to the command's own [suggest] directive, so the completion knows every command and option.
    private const string Bash = """
        _pbts() {
            local words
            words=$("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
            COMPREPLY=($(compgen -W "${words}" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _pbts pbts ./pbts
        """;

    private const string Zsh = """
        _pbts() {
            local -a words
            words=("${(@f)$(${words[1]:-pbts} "[suggest:${#BUFFER}]" "$BUFFER" 2>/dev/null)}")
            compadd -a words
            _files
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
