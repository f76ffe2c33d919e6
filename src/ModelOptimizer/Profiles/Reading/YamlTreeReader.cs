using ModelOptimizer.Diagnostics;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ModelOptimizer.Profiles;

/// <summary>
/// Makes the tree of one text. Works on the parser's events: the library's own tree stops at the first duplicate key, and here
/// every mistake is told in one run.
/// </summary>
internal sealed class YamlTreeReader
{
    private const int MaxDepth = 40;
    private const int MaxNodes = 10_000;
    private const string TextTag = "tag:yaml.org,2002:str";

    private readonly ProfileSource _source;
    private readonly Variables _variables;
    private readonly IDiagnosticSink _sink;
    private readonly Parser _parser;
    private readonly Dictionary<string, ProfileNode?> _anchors = [];
    private int _nodes;

    private YamlTreeReader(ProfileSource source, Variables variables, IDiagnosticSink sink)
    {
        _source = source;
        _variables = variables;
        _sink = sink;
        _parser = new Parser(new StringReader(source.Text));
    }

    /// <summary>The tree, with a hole wherever a mistake was reported; null when there is none at all.</summary>
    public static ProfileMap? Read(ProfileSource source, Variables variables, IDiagnosticSink sink)
    {
        var reader = new YamlTreeReader(source, variables, sink);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException mistake)
        {
            sink.Report(YamlMistakes.Explain(mistake, source));
        }
        // What the library says when brackets meet where it did not think of them.
        catch (InvalidOperationException e) when (e.Source == typeof(Parser).Assembly.GetName().Name)
        {
            sink.Report(YamlMistakes.AfterEvent(reader._parser.Current, source));
        }
        catch (DiagnosticException limit)
        {
            limit.Diagnostics.ToList().ForEach(sink.Report);
        }
        return null;
    }

    private ProfileMap? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
            return Empty();
        var root = ReadNode(KeyPath.Root, 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
            Report(DiagnosticCatalog.ProfileNotYaml, OriginOf(second), "A profile is one YAML document, and here a second one starts");
        if (root is ProfileMap map)
            return map;
        if (root is ProfileScalar { IsPlain: true, Text: "" })
            return Empty();
        if (root is not ProfileHole)
            Report(DiagnosticCatalog.WrongType, root.Origin, $"A profile is a map of keys such as 'version: 1', not {(root is ProfileList ? "a list" : "a text")}");
        return null;
    }

    private ProfileMap? Empty()
    {
        Report(DiagnosticCatalog.ProfileEmpty, new Origin(_source, 1, 1),
            "The profile says nothing; start it with 'version: 1' and 'passes:', or let 'dotnet model-opt init MODEL' write one");
        return null;
    }

    private ProfileNode ReadNode(KeyPath path, int depth)
    {
        var start = _parser.Current!;
        if (depth > MaxDepth)
            throw Limit(start, path, $"nested deeper than {MaxDepth} levels");
        Count(1, start, path);
        if (start is AnchorAlias)
            return ReadAlias(path);
        var anchor = ((NodeEvent)start).Anchor;
        if (!anchor.IsEmpty)
            _anchors[anchor.Value] = null;
        var node = start switch
        {
            Scalar => ReadScalar(path),
            SequenceStart => ReadList(path, depth),
            _ => ReadMap(path, depth),
        };
        if (!anchor.IsEmpty)
            _anchors[anchor.Value] = node;
        return node;
    }

    private ProfileNode ReadScalar(KeyPath path)
    {
        var scalar = _parser.Consume<Scalar>();
        var origin = OriginOf(scalar);
        if (!scalar.Tag.IsEmpty && scalar.Tag.Value != TextTag)
            return Hole(DiagnosticCatalog.WrongType, origin, path.Say($"tags such as {scalar.Tag.Value} mean nothing in a profile; leave it out"));
        if (_variables.Expand(scalar.Value, out var error) is not { } text)
            return Hole(DiagnosticCatalog.UnknownVariable, origin, path.Say(error));
        // A quoted variable is how flow style writes one: what it stands for decides its type.
        var isPlain = scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty || text != scalar.Value && !text.Contains("${", StringComparison.Ordinal);
        return new ProfileScalar(text, isPlain, origin);
    }

    private ProfileList ReadList(KeyPath path, int depth)
    {
        var start = _parser.Consume<SequenceStart>();
        var items = new List<ProfileNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode(path.Item(items.Count), depth + 1));
        return new ProfileList(items, OriginOf(start));
    }

    private ProfileMap ReadMap(KeyPath path, int depth)
    {
        var map = new MapBuilder(path, _sink);
        var start = _parser.Consume<MappingStart>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var isPlainKey = _parser.Accept<Scalar>(out var key) && key.Style == ScalarStyle.Plain;
            var keyNode = ReadNode(path, depth + 1);
            var value = ReadNode(key is null ? path : path.Key(key.Value), depth + 1);
            if (keyNode is not ProfileScalar)
                Report(DiagnosticCatalog.WrongType, keyNode.Origin, path.Say("keys are texts"));
            else if (isPlainKey && key!.Value == "<<")
                map.Merge(value);
            else
                map.Add(new ProfileEntry(key!.Value, keyNode.Origin, value));
        }
        return map.Build(OriginOf(start));
    }

    private ProfileNode ReadAlias(KeyPath path)
    {
        var alias = _parser.Consume<AnchorAlias>();
        var name = alias.Value.Value;
        if (!_anchors.TryGetValue(name, out var target))
            return Hole(DiagnosticCatalog.ProfileNotYaml, OriginOf(alias),
                path.Say($"*{name} is a YAML alias, but no &{name} comes before it; a text that starts with * needs quotes: \"*{name}\""));
        if (target is null)
            return Hole(DiagnosticCatalog.ProfileNotYaml, OriginOf(alias), path.Say($"*{name} stands inside the very node that it names"));
        Count(target.Size, alias, path);
        return target;
    }

    private void Count(int nodes, ParsingEvent at, KeyPath path)
    {
        _nodes += nodes;
        if (_nodes > MaxNodes)
            throw Limit(at, path, $"more than {MaxNodes} values once its aliases are replaced");
    }

    private DiagnosticException Limit(ParsingEvent at, KeyPath path, string what) =>
        new(DiagnosticCatalog.ProfileTooLarge, path.Say($"the profile is {what}; no sensible profile is"), OriginOf(at).Location);

    private ProfileHole Hole(DiagnosticDescriptor descriptor, Origin origin, string message)
    {
        Report(descriptor, origin, message);
        return new ProfileHole(origin);
    }

    private void Report(DiagnosticDescriptor descriptor, Origin origin, string message) =>
        _sink.Report(new Diagnostic(descriptor, message, origin.Location));

    private Origin OriginOf(ParsingEvent parsed) => new(_source, (int)parsed.Start.Line, (int)parsed.Start.Column);
}
