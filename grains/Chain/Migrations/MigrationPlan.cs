using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Migrations;

/// <summary>How a migration takes members over.</summary>
internal sealed record MigrationPlan(MigrationMethod Method, MigrationClaims Claims)
{
    /// <summary>By records.</summary>
    public static MigrationPlan ByRecords { get; } = new(MigrationMethod.Records, MigrationClaims.All);

    /// <summary>What a request asks for; where it leaves it open, by roots when the referrer has one and everybody moves.</summary>
    /// <param name="anchored">Whether the referrer has a root.</param>
    /// <param name="isOwn">Whether the leaves below its newest root are here.</param>
    public static Outcome<MigrationPlan> Of(MigrationRequest request, bool anchored, bool isOwn)
    {
        MigrationMethod? asked = null;
        MigrationClaims? claims = null;
        if (request.Method is { } method)
        {
            if (!EnumText.TryParse(method, out MigrationMethod parsed))
                return new Problem(ProblemKind.Invalid, "method must be anchor or records");
            asked = parsed;
        }
        if (request.Claims is { } text)
        {
            if (!EnumText.TryParse(text, out MigrationClaims parsed))
                return new Problem(ProblemKind.Invalid, "claims must be lazy or all");
            claims = parsed;
        }
        if ((asked ?? (anchored && request.Users is null ? MigrationMethod.Anchor : MigrationMethod.Records)) == MigrationMethod.Records)
            return claims is null ? ByRecords : new Problem(ProblemKind.Invalid, "claims is for method anchor");
        if (!anchored)
            return new Problem(ProblemKind.Refused, "The referrer has anchored no root: let it anchor one (/contract/anchor), or move by records");
        var plan = new MigrationPlan(MigrationMethod.Anchor, claims ?? MigrationClaims.Lazy);
        if (plan.Claims == MigrationClaims.Lazy)
            return request.Users is null ? plan : new Problem(ProblemKind.Invalid, "users are named: by method anchor that goes with claims all");
        return isOwn ? plan : new Problem(
            ProblemKind.Refused, "claims cannot be all: the leaves below the referrer's root are with the tracker that anchored it. Its members bring their proofs (claims lazy)");
    }
}
