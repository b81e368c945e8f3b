using Npgsql;
using Pbts.Hosting.Configuration;

namespace Pbts.Tracker.Tests.Database;

/// <summary>One server or several in the connection string.</summary>
public sealed class DatabaseAddressTests
{
    [Theory]
    [InlineData("Host=a;Database=pbts")]
    [InlineData("Host=a;Database=pbts;Target Session Attributes=primary")]
    [InlineData("Host=a,b;Target Session Attributes=primary")]
    [InlineData("Host=a:5432,b:5433;Target Session Attributes=read-write")]
    public void Servers_that_take_writes_are_accepted(string text)
    {
        Assert.Null(DatabaseAddress.Check(text));
        // What is made of it opens.
        NpgsqlDataSource.Create(DatabaseAddress.Complete(text)).Dispose();
    }

    [Theory]
    [InlineData("", "is missing")]
    [InlineData("Host=a,b;Database=pbts", "Target Session Attributes=primary")]
    [InlineData("Host=a,b;Target Session Attributes=any", "Target Session Attributes=primary")]
    [InlineData("Host=a,b;Target Session Attributes=prefer-primary", "Target Session Attributes=primary")]
    [InlineData("Host=a;Target Session Attributes=standby", "primary or read-write")]
    [InlineData("Host=a;Password=x;secret-rest", "is no Npgsql connection string")]
    [InlineData("Host=a,b;Target Session Attributes=maybe", "is no Npgsql connection string")]
    public void Others_are_refused_with_what_to_write_and_nothing_of_what_was_written(string text, string problem)
    {
        var error = DatabaseAddress.Check(text);
        Assert.Contains(problem, error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_is_looked_at_again_within_seconds_and_a_primary_that_was_made_read_only_is_none()
    {
        var settings = new NpgsqlConnectionStringBuilder(DatabaseAddress.Complete("Host=a,b;Password=p;Target Session Attributes=primary"));
        Assert.Equal((3, 2, "read-write", "p"), (settings.HostRecheckSeconds, settings.Timeout, settings.TargetSessionAttributes, settings.Password));
        Assert.Equal(30, new NpgsqlConnectionStringBuilder(DatabaseAddress.Complete("Host=a,b;Host Recheck Seconds=30")).HostRecheckSeconds);
        Assert.Equal("Host=a;Timeout=9", DatabaseAddress.Complete("Host=a;Timeout=9"));
    }
}
