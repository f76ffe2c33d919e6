using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>The ranges known so far: what a ranges file brought, and what was measured. What is asked again is not measured again.</summary>
/// <param name="given">The file that the profile names; null when it names none.</param>
internal sealed class RangesStore(RangesFile? given)
{
    /// <summary>Stands between the digests of a model and of what becomes of it.</summary>
    private const char Between = '-';

    private readonly List<RangesSection> _sections = [];
    private ModelStates _states = new();
    private (string Pass, int Step) _pass = ("", 0);

    /// <summary>How many samples the measured ranges are of; of given ones what their file says.</summary>
    public int Samples { get; set; } = given?.Samples ?? 0;

    /// <summary>What was asked for, in order.</summary>
    public IReadOnlyList<RangesSection> Sections => [.. _sections.Where(section => !section.IsEmpty)];

    public string Pass => _pass.Pass;

    /// <summary>From now on it is another pass that asks.</summary>
    public void Begin(string pass, int step)
    {
        _pass = (pass, step);
        _states = new ModelStates();
    }

    /// <summary>The section for a model as it is, with a calibrator and its options as text.</summary>
    /// <param name="changes">A digest of what is going to become of the model, where what is learned depends on that, too.</param>
    public RangesSection Section(OnnxModel model, string calibrator, string changes = "")
    {
        var state = _states.Of(model);
        var content = changes.Length > 0 ? $"{state.Content}{Between}{changes}" : state.Content;
        var wanted = new RangesSection(_pass.Pass, _pass.Step, state.Number, content, state.Constants, calibrator);
        // Written again as it was given, whatever this CPU's last bits are.
        if (given?.Sections.FirstOrDefault(wanted.IsLike) is { } alike)
            wanted = wanted with { Constants = alike.Constants };
        if (_sections.Find(wanted.IsLike) is { } known)
            return known;
        _sections.Add(wanted);
        return wanted;
    }

    /// <summary>Takes a range over from the given file.</summary>
    /// <returns>False when it has none.</returns>
    public bool TakeOver(RangesSection section, string name, int? axis)
    {
        if (given?.Sections.FirstOrDefault(section.IsLike)?.Find(name, axis) is not { } ranges)
            return false;
        section.Set(name, axis, ranges);
        return true;
    }

    /// <summary>The moments of a value's channels, those of the given file included; null when they are not known.</summary>
    public ChannelMoments? Moments(RangesSection section, string name)
    {
        if (section.Moments?.GetValueOrDefault(name) is { } known)
            return known;
        if (given?.Sections.FirstOrDefault(section.IsLike)?.Moments?.GetValueOrDefault(name) is not { } moments)
            return null;
        SetMoments(section, name, moments);
        return moments;
    }

    public static void SetMoments(RangesSection section, string name, ChannelMoments moments) =>
        (section.Moments ??= new(StringComparer.Ordinal))[name] = moments;

    /// <summary>What was chosen, here or where the given file was measured; null when that is not known.</summary>
    public string? Choice(RangesSection section) => section.Choice ??= given?.Sections.FirstOrDefault(section.IsLike)?.Choice;

    /// <summary>True when the given file has the like of another model: passes before this one did something else to it.</summary>
    public bool IsOfAnotherState(RangesSection section) => given?.Sections.Any(section.IsLike) == false && given.Sections.Any(section.IsLikeButForModel);

    /// <summary>True when the given file has the like of the same model, but of something else that became of it.</summary>
    public bool IsOfOtherChanges(RangesSection section)
    {
        var model = ContentOf(section);
        return given?.Sections.Any(section.IsLike) == false
            && given.Sections.Any(other => ContentOf(other) == model && section.IsLike(other with { Content = section.Content }));

        static string ContentOf(RangesSection section) => section.Content.Split(Between)[0];
    }

    /// <summary>Says what the given file lacks and what it has instead.</summary>
    public string WhyMissing(RangesSection section, IReadOnlyList<string> names)
    {
        var others = given!.Sections.Where(other => other.Find(names[0], null) is not null && !other.IsLike(section)).ToList();
        var instead = others.Find(other => other.Pass == section.Pass && other.Step == section.Step && other.Calibrator != section.Calibrator) is { } same
            ? $"; it was measured with {same.Calibrator}"
            : others is [var first, ..] ? $"; it has one for {first.Pass} as entry {first.Step + 1} of the passes" : "";
        var more = names.Count > 1 ? $" and {names.Count - 1} more" : "";
        return $"The ranges file has no range of '{names[0]}'{more} for {section.Pass} with {section.Calibrator}{instead}";
    }

    public RangesFile ToFile(string modelDigest) => new(RangesFile.CurrentVersion, modelDigest, Samples, Sections);
}
