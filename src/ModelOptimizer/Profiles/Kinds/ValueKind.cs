using System.Text.Json.Nodes;
using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>
/// A kind of value that the profile holds. One class both reads it and describes it to editors, so that the two can't drift apart.
/// </summary>
internal abstract class ValueKind
{
    /// <summary>What is wanted, for messages: "a whole number from 1 to 8".</summary>
    public abstract string Wanted { get; }

    /// <summary>The value; null after what is wrong with it was reported.</summary>
    public abstract object? Read(ProfileNode node, ReadContext context);

    /// <summary>The draft-07 schema that accepts the same values.</summary>
    public abstract JsonObject Schema();

    /// <summary>The same value with everything written out: defaults, and paths relative to one folder.</summary>
    public virtual ProfileNode WriteOut(ProfileNode node, string folder) => node;

    /// <summary>A value as YAML spells it, for defaults; null when there is nothing to write.</summary>
    public virtual JsonNode? Spell(object value) => null;
}

/// <summary>Where reading has come to, and who hears of mistakes.</summary>
internal sealed record ReadContext(IDiagnosticSink Sink, KeyPath Path)
{
    public ReadContext At(string key) => this with { Path = Path.Key(key) };

    public ReadContext At(int index) => this with { Path = Path.Item(index) };

    /// <summary>Reports a mistake, unless the node is one already told. Returns null, for the reader to return.</summary>
    public object? Refuse(DiagnosticDescriptor descriptor, ProfileNode node, string message)
    {
        if (node is not ProfileHole)
            Sink.Report(new Diagnostic(descriptor, Path.Say(message), node.Location));
        return null;
    }

    public object? RefuseType(ProfileNode node, string wanted, string hint = "") =>
        Refuse(DiagnosticCatalog.WrongType, node, $"wants {wanted}, not {node.Words}{hint}");
}
