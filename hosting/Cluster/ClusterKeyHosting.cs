using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.Hosting.Configuration;

namespace Pbts.Hosting.Cluster;

/// <summary>The <see cref="ClusterKey"/> of a process: made with it, loaded before it talks to others.</summary>
public static class ClusterKeyHosting
{
    public static ClusterKey AddClusterKey(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var key = new ClusterKey();
        // By a factory, so that it ends with the services.
        builder.Services.AddSingleton(_ => key);
        return key;
    }

    public static Task LoadClusterKeyAsync(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var node = app.Services.GetRequiredService<IOptions<NodeOptions>>().Value;
        return app.Services.GetRequiredService<ClusterKey>().LoadAsync(
            app.Services.GetRequiredService<NpgsqlDataSource>(), node.ClusterSecret, node.ClusterId, app.Services.GetRequiredService<ILogger<ClusterKey>>(), app.Lifetime.ApplicationStopping);
    }
}
