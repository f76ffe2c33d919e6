using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>Collects the entries of one map: tells duplicate keys, and lets keys said outright win over merged ones (<c>&lt;&lt;</c>).</summary>
internal sealed class MapBuilder(KeyPath path, IDiagnosticSink sink)
{
    private readonly List<ProfileEntry> _entries = [];
    private readonly List<ProfileEntry> _merged = [];

    public void Add(ProfileEntry entry)
    {
        if (_entries.Find(earlier => earlier.Key == entry.Key) is not { } first)
            _entries.Add(entry);
        else
            sink.Report(new Diagnostic(DiagnosticCatalog.DuplicateKey,
                path.Key(entry.Key).Say($"given twice, first at line {first.KeyOrigin.Line}; keep one"), entry.KeyLocation));
    }

    public void Merge(ProfileNode value)
    {
        if (value is ProfileMap map)
            _merged.AddRange(map.Entries);
        else if (value is ProfileList { Items: var items } && items.All(item => item is ProfileMap))
            _merged.AddRange(items.Cast<ProfileMap>().SelectMany(item => item.Entries));
        else if (value is not ProfileHole)
            sink.Report(new Diagnostic(DiagnosticCatalog.WrongType, path.Key("<<").Say($"merges maps, not {value.Words}"), value.Location));
    }

    public ProfileMap Build(Origin origin) => new([.. _entries.Concat(_merged).DistinctBy(entry => entry.Key)], origin);
}
