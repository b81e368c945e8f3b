namespace Pbts.Api.Members;

/// <summary>The JSON interface of PBTS peers.</summary>
internal static class MemberEndpoints
{
    public static void MapMembers(this IEndpointRouteBuilder app)
    {
        app.MapRegistration();
        app.MapReport();
        app.MapUsers();
        app.MapMemberChanges();
        app.MapInvites();
        app.MapEvidence();
        app.MapKeys();
    }
}
