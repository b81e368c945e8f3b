using System.Text.RegularExpressions;
using Pbts.Grains.Database;

namespace Pbts.Tracker.Tests.Database;

/// <summary>
/// While a version is rolled out, the one before goes on with the database of the new one: a script that could be in its way
/// has to say which program may go on.
/// </summary>
public sealed partial class SchemaScriptTests
{
    /// <summary>Scripts up to this one are older than the rule.</summary>
    private const int LastOfBefore = 830;

    [Fact]
    public void A_script_that_takes_something_away_says_which_program_may_go_on() =>
        Assert.Empty(SchemaMigrator.Migration.Embedded.Where(script => script.Version > LastOfBefore && script.Oldest is null && TakesAway(script.Sql)).Select(script => script.Name));

    [Theory]
    [InlineData("ALTER TABLE users DROP COLUMN passkey")]
    [InlineData("drop\n  table users")]
    [InlineData("ALTER TABLE users RENAME COLUMN a TO b")]
    [InlineData("ALTER TABLE users ALTER COLUMN a SET NOT NULL")]
    [InlineData("ALTER TABLE users ALTER a TYPE bigint")]
    [InlineData("ALTER TABLE users ALTER COLUMN a SET DATA TYPE bigint")]
    [InlineData("ALTER TABLE users ADD COLUMN b integer, ADD COLUMN a integer NOT NULL")]
    [InlineData("ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0)")]
    [InlineData("ALTER TABLE users ADD UNIQUE (a)")]
    [InlineData("CREATE UNIQUE INDEX i ON users (a)")]
    [InlineData("REVOKE SELECT ON users FROM public")]
    [InlineData("TRUNCATE users")]
    [InlineData("DELETE FROM users")]
    [InlineData("CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'")]
    [InlineData("CREATE TRIGGER t BEFORE INSERT ON users EXECUTE FUNCTION f()")]
    public void What_takes_something_away_is_noticed(string sql) => Assert.True(TakesAway(sql));

    [Theory]
    [InlineData("-- Nothing is dropped: DROP TABLE users\nALTER TABLE users ADD COLUMN a integer")]
    [InlineData("ALTER TABLE users ADD COLUMN a integer NOT NULL DEFAULT 0, ADD COLUMN b text NOT NULL DEFAULT 'x' CHECK (b IN ('x', 'y'))")]
    [InlineData("CREATE TABLE a (x integer NOT NULL UNIQUE, y text CHECK (y <> 'DROP')); CREATE INDEX i ON a (x)")]
    [InlineData("CREATE TABLE dropped (type text NOT NULL, renamed integer)")]
    public void What_only_adds_is_not(string sql) => Assert.False(TakesAway(sql));

    private static bool TakesAway(string sql)
    {
        var code = Comment().Replace(sql, "");
        return Removal().IsMatch(code) || code.Split(';', ',').Any(part => AddedColumn().IsMatch(part) && NotNull().IsMatch(part) && !Default().IsMatch(part));
    }

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comment();

    // Crude on purpose: whoever is stopped by it for no reason says so in one line of the script.
    [GeneratedRegex(
        @"(?<!')\b(DROP|RENAME|REVOKE|TRUNCATE|DELETE|SET\s+NOT\s+NULL|SET\s+SCHEMA|SET\s+DATA\s+TYPE|ALTER\s+(COLUMN\s+)?\S+\s+TYPE|CREATE\s+UNIQUE|ADD\s+(CONSTRAINT|UNIQUE|PRIMARY|CHECK|FOREIGN|EXCLUDE)|OR\s+REPLACE|CREATE\s+(CONSTRAINT\s+)?TRIGGER|CREATE\s+RULE)\b",
        RegexOptions.IgnoreCase)]
    private static partial Regex Removal();

    [GeneratedRegex(@"\bADD\b", RegexOptions.IgnoreCase)]
    private static partial Regex AddedColumn();

    [GeneratedRegex(@"\bNOT\s+NULL\b", RegexOptions.IgnoreCase)]
    private static partial Regex NotNull();

    [GeneratedRegex(@"\b(DEFAULT|GENERATED)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Default();
}
