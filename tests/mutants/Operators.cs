using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Pbts.Mutants;

/// <summary>Proposes the changes of one file. Whether they compile is found out later.</summary>
internal sealed class Operators(string file, SemanticModel model) : CSharpSyntaxWalker
{
    /// <summary>Calls that tell and do not decide.</summary>
    private static readonly string[] Telling = ["Log", "metrics.", "_metrics.", "_refused.", "span?.", "ArgumentNullException.", "ArgumentOutOfRangeException."];

    private static readonly Dictionary<SyntaxKind, string[]> Others = new()
    {
        [SyntaxKind.LessThanExpression] = ["<=", ">="],
        [SyntaxKind.LessThanOrEqualExpression] = ["<", ">"],
        [SyntaxKind.GreaterThanExpression] = [">=", "<="],
        [SyntaxKind.GreaterThanOrEqualExpression] = [">", "<"],
        [SyntaxKind.EqualsExpression] = ["!="],
        [SyntaxKind.NotEqualsExpression] = ["=="],
        [SyntaxKind.LogicalAndExpression] = ["||"],
        [SyntaxKind.LogicalOrExpression] = ["&&"],
        [SyntaxKind.AddExpression] = ["-"],
        [SyntaxKind.SubtractExpression] = ["+"],
        [SyntaxKind.MultiplyExpression] = ["/"],
        [SyntaxKind.DivideExpression] = ["*"],
        [SyntaxKind.ModuloExpression] = ["*"],
        [SyntaxKind.BitwiseOrExpression] = ["&"],
        [SyntaxKind.BitwiseAndExpression] = ["|"],
    };

    private static readonly Dictionary<string, string> Twins = new(StringComparer.Ordinal) { ["Min"] = "Max", ["Max"] = "Min", ["Any"] = "All", ["All"] = "Any" };

    public List<Mutant> Found { get; } = [];

    public override void VisitBinaryExpression(BinaryExpressionSyntax node)
    {
        if (node.IsKind(SyntaxKind.CoalesceExpression))
        {
            Replace(node, node.Left.ToString());
            Replace(node, node.Right.ToString());
        }

        // The last of a comparison is its negation, which says less than the condition forced.
        var others = Others.GetValueOrDefault(node.Kind(), []);
        foreach (var other in IsForced(node) && node.Kind() is not (SyntaxKind.LogicalAndExpression or SyntaxKind.LogicalOrExpression) ? others.SkipLast(1) : others)
            Replace(node, $"{node.Left} {other} {node.Right}");
        base.VisitBinaryExpression(node);
    }

    public override void VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node)
    {
        if (node.IsKind(SyntaxKind.LogicalNotExpression) || node.IsKind(SyntaxKind.UnaryMinusExpression))
            Replace(node, node.Operand.ToString());
        base.VisitPrefixUnaryExpression(node);
    }

    public override void VisitLiteralExpression(LiteralExpressionSyntax node)
    {
        string? other = node.Token.Text switch { "true" => "false", "false" => "true", "0" => "1", "1" => "0", _ => null };
        if (other is not null)
            Replace(node, other);
    }

    public override void VisitInvocationExpression(InvocationExpressionSyntax node)
    {
        if (node.Expression is MemberAccessExpressionSyntax { Name: IdentifierNameSyntax name } access && Twins.TryGetValue(name.Identifier.Text, out var twin))
            Replace(node, $"{access.Expression}.{twin}{node.ArgumentList}");
        base.VisitInvocationExpression(node);
    }

    public override void VisitIfStatement(IfStatementSyntax node)
    {
        Force(node.Condition);
        base.VisitIfStatement(node);
    }

    public override void VisitConditionalExpression(ConditionalExpressionSyntax node)
    {
        Force(node.Condition);
        base.VisitConditionalExpression(node);
    }

    public override void VisitReturnStatement(ReturnStatementSyntax node)
    {
        ForceResult(node.Expression);
        base.VisitReturnStatement(node);
    }

    public override void VisitArrowExpressionClause(ArrowExpressionClauseSyntax node)
    {
        ForceResult(node.Expression);
        base.VisitArrowExpressionClause(node);
    }

    public override void VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        if (Telling.Any(node.ToString().TrimStart().StartsWith))
            return;
        Remove(node);
        if (node.Expression is AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.AddAssignmentExpression } sum)
            Replace(sum, $"{sum.Left} -= {sum.Right}");
        base.VisitExpressionStatement(node);
    }

    public override void VisitThrowStatement(ThrowStatementSyntax node) => Remove(node);

    public override void VisitContinueStatement(ContinueStatementSyntax node) => Remove(node);

    public override void VisitBreakStatement(BreakStatementSyntax node) => Remove(node);

    private bool IsForced(ExpressionSyntax node) => node.Parent switch
    {
        IfStatementSyntax => true,
        ConditionalExpressionSyntax choice => choice.Condition == node,
        ReturnStatementSyntax or ArrowExpressionClauseSyntax => IsBoolean(node),
        _ => false,
    };

    private bool IsBoolean(ExpressionSyntax node) => model.GetTypeInfo(node).Type?.SpecialType == SpecialType.System_Boolean;

    private void ForceResult(ExpressionSyntax? result)
    {
        if (result is not null and not LiteralExpressionSyntax && IsBoolean(result))
            Force(result);
    }

    private void Force(ExpressionSyntax condition)
    {
        // Written so that what the condition declares is still assigned where it holds.
        Add(condition, "(MutantSwitch.Is(#) || (", "))", $"{Short(condition)}  →  true");
        Add(condition, "(!MutantSwitch.Is(#) && (", "))", $"{Short(condition)}  →  false");
    }

    private void Replace(ExpressionSyntax node, string by)
    {
        if (node.Ancestors().Any(above => above is AttributeSyntax or InterpolationSyntax))
            return;
        Add(node, $"(MutantSwitch.Is(#) ? ({by}) : (", "))", $"{Short(node)}  →  {Short(by)}");
    }

    private void Remove(StatementSyntax node) => Add(node, "{ if (!MutantSwitch.Is(#)) { ", " } }", $"{Short(node)}  →  nothing");

    private void Add(SyntaxNode node, string before, string after, string change) => Found.Add(new(
        file, node.SpanStart, node.Span.Length, node.GetLocation().GetLineSpan().StartLinePosition.Line + 1, before, after, change));

    private static string Short(object code)
    {
        var line = string.Join(' ', code.ToString()!.Split((char[])[' ', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= 110 ? line : line[..109] + "…";
    }
}
