using ModelOptimizer.Diagnostics;

namespace ModelOptimizer.Profiles;

/// <summary>A text that profiles are read from.</summary>
/// <param name="Name">The file, or <c>preset:NAME</c>.</param>
/// <param name="Text">Its content.</param>
/// <param name="NamedAt">For presets: where a human asked for it, since nobody can mend a preset itself.</param>
internal sealed record ProfileSource(string Name, string Text, SourceLocation? NamedAt = null)
{
    public bool IsPreset => NamedAt is not null;
}

/// <summary>Where a node of the tree was written.</summary>
internal readonly record struct Origin(ProfileSource Source, int Line, int Column)
{
    public SourceLocation Location => Source.NamedAt ?? new SourceLocation(Source.Name, Line, Column);

    public override string ToString() => Source.NamedAt is null ? $"{Source.Name}({Line})" : Source.Name;
}

/// <summary>A profile as a tree: what YAML says, with aliases, merge keys and variables already replaced.</summary>
/// <param name="Origin">Where it starts.</param>
/// <param name="Size">How many nodes it spans when written out in full.</param>
internal abstract record ProfileNode(Origin Origin, int Size)
{
    public SourceLocation Location => Origin.Location;

    /// <summary>What it is, in words for messages.</summary>
    public abstract string Words { get; }
}

/// <param name="Text">The text without quotes.</param>
/// <param name="IsPlain">Written without quotes, so that it may be a number or a boolean.</param>
internal sealed record ProfileScalar(string Text, bool IsPlain, Origin Origin) : ProfileNode(Origin, 1)
{
    public override string Words => !IsPlain ? $"\"{Text}\"" : Text.Length > 0 ? Text : "nothing";
}

internal sealed record ProfileList(IReadOnlyList<ProfileNode> Items, Origin Origin) : ProfileNode(Origin, 1 + Items.Sum(item => item.Size))
{
    public override string Words => "a list";
}

/// <param name="Entries">The entries in the order written; keys are unique.</param>
internal sealed record ProfileMap(IReadOnlyList<ProfileEntry> Entries, Origin Origin) : ProfileNode(Origin, 1 + Entries.Sum(entry => entry.Value.Size))
{
    public override string Words => "a map";

    public ProfileEntry? Find(string key) => Entries.FirstOrDefault(entry => entry.Key == key);
}

/// <summary>A node whose mistake is already told: readers pass over it.</summary>
internal sealed record ProfileHole(Origin Origin) : ProfileNode(Origin, 1)
{
    public override string Words => "a mistake";
}

/// <param name="KeyOrigin">Where the key stands.</param>
internal sealed record ProfileEntry(string Key, Origin KeyOrigin, ProfileNode Value)
{
    public SourceLocation KeyLocation => KeyOrigin.Location;
}
