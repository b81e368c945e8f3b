using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Pbts.Protocol.Attestation;

/// <summary>The steps that need collateral: revocation, the quoting enclave's identity, the platform's status.</summary>
internal static class CollateralCheck
{
    private const string SignerName = "Intel SGX TCB Signing";
    private static readonly string[] Names = [QuoteSteps.Revocation, QuoteSteps.QeIdentity, QuoteSteps.TcbStatus];

    public static (TcbStatus Status, IReadOnlyList<string> Advisories) Run(
        Quote quote, CertificateChain chain, PckExtension? pck, Collateral? collateral, QuotePolicy policy, DateTimeOffset now, List<QuoteStep> steps)
    {
        if (pck is null)
        {
            steps.AddRange(Names.Select(name => new QuoteStep(name, StepResult.Skipped, "needs a chain that holds")));
            return (TcbStatus.Unknown, []);
        }

        if (collateral is null)
        {
            var accepted = policy.AcceptedTcb.Contains(TcbStatus.Unknown);
            steps.AddRange(Names[..2].Select(name => new QuoteStep(name, StepResult.Skipped, "there is no collateral")));
            steps.Add(new(QuoteSteps.TcbStatus, accepted ? StepResult.Skipped : StepResult.Failed,
                accepted ? "there is no collateral, which the policy accepts" : "there is no collateral for this platform: its status is unknown"));
            return (TcbStatus.Unknown, []);
        }

        steps.Add(QuoteVerifier.Step(QuoteSteps.Revocation, RevocationProblem(chain, collateral, policy.Root, now), "no certificate is revoked"));
        var problem = IdentityProblem(quote, collateral, policy.Root, now, out var qeRating);
        steps.Add(QuoteVerifier.Step(QuoteSteps.QeIdentity, problem, $"Intel's quoting enclave, {qeRating?.Status}"));
        problem = TcbProblem(quote, pck, collateral, policy.Root, now, out var rating);
        if (problem is not null)
        {
            steps.Add(new(QuoteSteps.TcbStatus, StepResult.Failed, problem));
            return (TcbStatus.Unknown, []);
        }

        rating = qeRating is null ? rating! : rating!.With(qeRating);
        steps.Add(QuoteVerifier.Step(
            QuoteSteps.TcbStatus, policy.AcceptedTcb.Contains(rating.Status) ? null : $"{rating.Status} is not accepted", rating.Status.ToString()));
        return (rating.Status, rating.Advisories);
    }

    private static string? RevocationProblem(CertificateChain chain, Collateral collateral, X509Certificate2 root, DateTimeOffset now)
    {
        if (!RevocationList.TryParse(collateral.RootCrl, out var rootList))
            return "the root's revocation list cannot be read";
        if (!RevocationList.TryParse(collateral.PckCrl, out var pckList))
            return "the PCK revocation list cannot be read";
        if (rootList.Problem(root, now) is { } rootProblem)
            return "the root's revocation list " + rootProblem;
        if (rootList.Revokes(root) || rootList.Revokes(chain.Issuer))
            return "the PCK authority's certificate is revoked";
        if (pckList.Problem(chain.Issuer, now) is { } pckProblem)
            return "the PCK revocation list " + pckProblem;
        return pckList.Revokes(chain.Leaf) ? "the PCK certificate is revoked" : null;
    }

    private static string? IdentityProblem(Quote quote, Collateral collateral, X509Certificate2 root, DateTimeOffset now, out TcbRating? rating)
    {
        rating = null;
        if (SignatureProblem(collateral.QeIdentity, collateral.QeIdentitySignature, collateral.QeIdentityChain, collateral, root, now) is { } unsigned)
            return "the QE identity " + unsigned;
        if (!QeIdentity.TryParse(collateral.QeIdentity, out var identity) || identity.Id != (quote.Kind == TeeKind.Tdx ? "TD_QE" : "QE"))
            return "the QE identity is not one for this kind of quote";
        if (TimeProblem(identity.IssueDate, identity.NextUpdate, now) is { } time)
            return "the QE identity " + time;
        if (identity.Mismatch(quote.QeReport) is { } mismatch)
            return mismatch;
        rating = identity.Levels.FirstOrDefault(level => quote.QeReport.SecurityVersion >= level.Svn)?.Rating;
        return rating is null ? "the quoting enclave is older than any known one" : null;
    }

    private static string? TcbProblem(Quote quote, PckExtension pck, Collateral collateral, X509Certificate2 root, DateTimeOffset now, out TcbRating? rating)
    {
        rating = null;
        if (SignatureProblem(collateral.TcbInfo, collateral.TcbInfoSignature, collateral.TcbInfoChain, collateral, root, now) is { } unsigned)
            return "the TCB info " + unsigned;
        if (!TcbInfo.TryParse(collateral.TcbInfo, out var info) || info.Id != (quote.Kind == TeeKind.Tdx ? "TDX" : "SGX"))
            return "the TCB info is not one for this kind of quote";
        if (TimeProblem(info.IssueDate, info.NextUpdate, now) is { } time)
            return "the TCB info " + time;
        if (!pck.Fmspc.AsSpan().SequenceEqual(info.Fmspc) || !pck.PceId.AsSpan().SequenceEqual(info.PceId))
            return "the TCB info is of another platform family";
        rating = info.Rate(pck, quote.TdReport);
        if (rating is null)
            return "the platform is below every known level";
        if (quote.TdReport is not { } td)
            return null;
        var module = info.RateModule(td, out var problem);
        rating = module is null ? null : rating.With(module);
        return problem;
    }

    /// <summary>Why a document is not Intel's; null when it is signed by the TCB signing certificate under the root.</summary>
    private static string? SignatureProblem(
        string document, byte[] signature, string pem, Collateral collateral, X509Certificate2 root, DateTimeOffset now)
    {
        if (!CertificateChain.TryParse(Encoding.ASCII.GetBytes(pem), out var chain))
            return "has certificates that cannot be read";
        using (chain)
        {
            return chain.Count != 2 || chain.Leaf.GetNameInfo(X509NameType.SimpleName, false) != SignerName ? "is not signed by the TCB signing certificate"
                : chain.Problem(root, now) is { } problem ? $"is signed by somebody unknown ({problem})"
                : !RevocationList.TryParse(collateral.RootCrl, out var list) || list.Problem(root, now) is not null ? "cannot be believed without the root's revocation list"
                : list.Revokes(chain.Leaf) ? "is signed with a revoked certificate"
                : !chain.LeafSigned(Encoding.UTF8.GetBytes(document), signature) ? "has a wrong signature"
                : null;
        }
    }

    private static string? TimeProblem(DateTimeOffset issued, DateTimeOffset next, DateTimeOffset now) =>
        now < issued ? "is not valid yet" : now > next ? string.Create(CultureInfo.InvariantCulture, $"has expired on {next:yyyy-MM-dd}") : null;
}
