using System.CommandLine;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Cli.Commands;
using Pbts.Protocol.Evidence;

namespace Pbts.Cli.Evidence;

/// <summary>Checks evidence: a file of a member, or a tracker's whole database.</summary>
internal static class AuditCommand
{
    /// <summary>Faults that are listed in the result; all are counted, and said as they are found.</summary>
    private const int MostListed = 10_000;

    public static Command Create(CommandContext context)
    {
        var file = new Argument<string?>("FILE") { Description = "A member's evidence, as pbts evidence writes it.", Arity = ArgumentArity.ZeroOrOne };
        var database = new Option<string?>("--database")
        {
            Description = "Audit all members of a tracker in its PostgreSQL. Without CONNECTION it is PBTS_DATABASE, where a password belongs.", HelpName = "CONNECTION", Arity = ArgumentArity.ZeroOrOne,
        };
        var json = SharedOptions.Json();
        var command = new Command("audit", "Check every signature of a member's evidence and add up its totals, without the tracker; or do so for all members in a tracker's database.") { file, database, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(database) is null == string.IsNullOrEmpty(result.GetValue(file)))
                result.AddError("audit needs FILE, or --database");
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetResult(database) is null)
                return AuditFile(context, parsed.GetValue(file)!, parsed.GetValue(json), cancellationToken);
            var connection = parsed.GetValue(database) ?? Environment.GetEnvironmentVariable("PBTS_DATABASE");
            if (string.IsNullOrEmpty(connection))
                return context.Fail(ExitCodes.Usage, "--database: give a connection string, or set PBTS_DATABASE");
            return await AuditDatabaseAsync(context, connection, parsed.GetValue(json), cancellationToken).ConfigureAwait(false);
        });
        return command;
    }

    private static int AuditFile(CommandContext context, string path, bool json, CancellationToken cancellationToken)
    {
        var (faults, progress) = (new JsonArray(), new AuditProgress(context));
        var audit = new EvidenceAudit(fault =>
        {
            progress.Clear();
            context.Say($"{path}:{fault.Line}: {fault.Code}: {fault.Message}{(fault.Voucher is { } id ? $" (voucher {id})" : "")}");
            if (faults.Count < MostListed)
                faults.Add((JsonNode)new JsonObject { ["line"] = fault.Line, ["code"] = fault.Code, ["message"] = fault.Message, ["voucher"] = fault.Voucher?.ToString() });
        });
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            var (lines, length) = (new LineReader(stream), Math.Max(1, stream.Length));
            while (!audit.IsHopeless && lines.TryRead(out var line))
            {
                audit.Add(line);
                progress.Show((double)lines.Position / length, $"read, {audit.Vouchers} vouchers checked");
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        audit.Complete();
        progress.Clear();
        context.Print(new JsonObject
        {
            ["success"] = audit.Faults == 0,
            ["user_id"] = audit.Header?.UserId,
            ["instance_id"] = audit.Header?.Instance.ToString(),
            ["total_uploaded"] = audit.Header?.TotalUploaded,
            ["total_downloaded"] = audit.Header?.TotalDownloaded,
            ["vouchers"] = audit.Vouchers,
            ["fault_count"] = audit.Faults,
            ["faults"] = faults,
        }, json);
        return audit.Faults == 0 ? ExitCodes.Success : context.Fail(ExitCodes.Refused, $"{path}: {audit.Faults} faults");
    }

    private static async Task<int> AuditDatabaseAsync(CommandContext context, string connection, bool json, CancellationToken cancellationToken)
    {
        var (faults, count, progress) = (new JsonArray(), 0L, new AuditProgress(context));
        try
        {
            var audit = new DatabaseAudit(connection, progress, (member, message) =>
            {
                count++;
                progress.Clear();
                context.Say($"{member}: {message}");
                if (faults.Count < MostListed)
                    faults.Add((JsonNode)new JsonObject { ["user_id"] = member, ["message"] = message });
            });
            await audit.RunAsync(cancellationToken).ConfigureAwait(false);
            progress.Clear();
            context.Print(new JsonObject
            {
                ["success"] = count == 0, ["instance_id"] = audit.Instance, ["members"] = audit.Members, ["vouchers"] = audit.Vouchers, ["fault_count"] = count, ["faults"] = faults,
            }, json);
            return count == 0 ? ExitCodes.Success : context.Fail(ExitCodes.Refused, $"{count} faults");
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or ArgumentException or NotSupportedException)
        {
            progress.Clear();
            return e is ArgumentException or NotSupportedException ? context.Fail(ExitCodes.Usage, "--database: is no Npgsql connection string, for example \"Host=127.0.0.1;Database=pbts;Username=pbts\"")
                : context.Fail(ExitCodes.Unreachable, $"the database: {e.Message}");
        }
    }
}
