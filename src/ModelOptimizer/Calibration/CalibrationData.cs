using System.Collections.Concurrent;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Calibration;

/// <summary>The profile's calibration data, from which passes learn what values a model takes; or ranges that were learned before.</summary>
public sealed class CalibrationData
{
    private readonly IInferenceEngine _engine;
    private readonly CalibrationSettings _settings;
    private readonly Lazy<RangesStore> _store;
    private readonly ConcurrentDictionary<string, bool> _neverFinite;

    public CalibrationData(IInferenceEngine engine, CalibrationSettings settings)
    {
        (_engine, _settings, _neverFinite) = (engine, settings, []);
        _store = new(OpenStore);
    }

    /// <summary>For passes that are tried on a model and its copies.</summary>
    internal static CalibrationData For(
        IInferenceEngine engine, OnnxModel original, CalibrationSettings settings, CancellationToken cancellation = default) =>
        new(engine, settings)
        {
            Cancellation = cancellation,
            ModelDigest = () => string.Join('-', FileDigest.Of(SavedModel.SourceOf(original) ?? []).Select(file => file.Sha256)),
        };

    private CalibrationData(CalibrationData other, CalibrationSettings? settings = null)
    {
        (_engine, _settings, _store, _neverFinite) = (other._engine, settings ?? other._settings, other._store, other._neverFinite);
        (Threads, Diagnostics, Progress, Cancellation, ModelDigest) = (other.Threads, other.Diagnostics, other.Progress, other.Cancellation, other.ModelDigest);
        Places = other.Places;
    }

    /// <summary>How many samples are worked on at once, memory permitting. Results do not depend on it.</summary>
    internal int Threads { get; init; } = Cores.Count;

    /// <summary>Hears of values that are not finite, reach out strangely, or could not be seen.</summary>
    public IDiagnosticSink? Diagnostics { get; init; }

    /// <summary>Told when the data is run through the model.</summary>
    public IProgress<string>? Progress { get; init; }

    /// <summary>Ends the work between two samples.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>SHA-256 of the original model's files, by which a ranges file knows its model.</summary>
    public Func<string> ModelDigest { get; init; } = () => "";

    /// <summary>Ranges known from trials before this one; null looks into the store alone.</summary>
    private IRangeMemory? Memory { get; init; }

    /// <summary>The same data for one of many trials of a pass.</summary>
    internal CalibrationData With(IRangeMemory memory) => new(this) { Memory = memory };

    /// <summary>
    /// Some of the samples, for what only humans read, and so without a word of its own; null where the profile gives ranges only, and in trials, which
    /// nobody reads.
    /// </summary>
    internal CalibrationData? Glance(int samples) => !HasSamples || Memory is not null
        ? null
        : new(this, Some(samples)) { Diagnostics = null, Progress = null };

    /// <summary>Some of the samples only.</summary>
    /// <param name="places">Their places among all that are used, from 0 on.</param>
    internal CalibrationData Only(IReadOnlySet<long> places) => new(this) { Places = places };

    private IReadOnlySet<long>? Places { get; init; }

    /// <summary>How many samples are used.</summary>
    /// <exception cref="DiagnosticException">The profile gives ranges only, or the data is missing or does not fit.</exception>
    internal long CountSamples(OnnxModel model) => DataFor(model, _settings.Samples).Count();

    /// <summary>What the values of samples may take at once.</summary>
    internal ByteSize Ceiling => _settings.Memory;

    /// <summary>No more than so many samples, spread evenly over all.</summary>
    private CalibrationSettings Some(int samples) => _settings with { Samples = Math.Min(samples, _settings.Samples) };

    /// <summary>Whether there are samples, and not only ranges that were learned from some.</summary>
    internal bool HasSamples => _settings.NamesData;

    /// <summary>The samples as a model takes them, in order.</summary>
    /// <exception cref="DiagnosticException">The profile gives ranges only, or the data is missing or does not fit.</exception>
    public IEnumerable<Sample> Samples(OnnxModel model) => Samples(model, _settings.Samples);

    /// <param name="most">As many at most, spread evenly over the data; the others are not read.</param>
    internal IEnumerable<Sample> Samples(OnnxModel model, int most) => DataFor(model, most).Read();

    private DataSet DataFor(OnnxModel model, int most)
    {
        if (!_settings.NamesData)
            throw new DiagnosticException(DiagnosticCatalog.CalibrationDataNeeded,
                $"{(_store.Value.Pass is { Length: > 0 } pass ? pass : "The profile")} learns more from the samples than ranges: add 'data:' to 'calibration:'", _settings.Location);
        return new DataSet(_settings, DataRequest.For(model) with { Limit = Some(most).Samples, Places = Places });
    }

    /// <summary>Ranges of values on all samples; a value that was never computed has none.</summary>
    /// <param name="model">The model as it is now, which stays so.</param>
    /// <param name="values">Values of its graphs, bodies and functions included.</param>
    /// <param name="options">How the ranges are found.</param>
    /// <exception cref="DiagnosticException">The data is missing or does not fit, or the ranges file lacks a value.</exception>
    public IReadOnlyDictionary<Value, ValueRange> Ranges(OnnxModel model, IReadOnlyCollection<Value> values, RangeOptions options) =>
        Ranges(model, values, options, []);

    /// <param name="withMoments">Values of which <see cref="Moments"/> will be asked: they are learned in the same run.</param>
    internal IReadOnlyDictionary<Value, ValueRange> Ranges(
        OnnxModel model, IReadOnlyCollection<Value> values, RangeOptions options, IReadOnlyCollection<Value> withMoments) =>
        Memory?.Recall(values, options, unknown => FindRanges(model, unknown, options, withMoments))
        ?? FindRanges(model, values, options, withMoments);

    private Dictionary<Value, ValueRange> FindRanges(
        OnnxModel model, IReadOnlyCollection<Value> values, RangeOptions options, IReadOnlyCollection<Value> withMoments) =>
        Find(model, values.Distinct().ToDictionary(value => value, _ => (int?)null), options, withMoments)
            .ToDictionary(pair => pair.Key, pair => pair.Value[0]);

    /// <summary>
    /// Means and mean squares of the channels of values, axis 1, on all samples. Those without channels, or never computed, have none; nor have those
    /// that the ranges file lacks where there is no data: files from before moments were learned serve all the same.
    /// </summary>
    /// <param name="model">The model as it is now, which stays so.</param>
    internal IReadOnlyDictionary<Value, ChannelMoments> Moments(OnnxModel model, IReadOnlyCollection<Value> values)
    {
        if (values.Count == 0)
            return new Dictionary<Value, ChannelMoments>();
        var (names, section) = (new ValueNames(model), _store.Value.Section(model, ChannelMoments.Name));
        var missing = MissingMoments(section, names, values);
        if (missing.Count > 0 && _settings.NamesData)
            Learn(section, names, Observe(model, missing, _ => new ChannelMomentsObserver(), out _));
        return values.Distinct().Select(value => (Value: value, Moments: _store.Value.Moments(section, names[value])))
            .Where(pair => pair.Moments is { Means.Length: > 0 }).ToDictionary(pair => pair.Value, pair => pair.Moments!);
    }

    /// <summary>Where a pass keeps what it learns from copies of a model that it changes: by the model as it is now. Trials keep nothing.</summary>
    /// <param name="kind">What that is.</param>
    /// <param name="isKept">False for what no other build is to use.</param>
    /// <param name="changes">What is going to become of the model, where what is learned depends on that, too.</param>
    internal RangesSection SectionOf(OnnxModel model, string kind, bool isKept, string changes = "") =>
        Memory is null && isKept ? _store.Value.Section(model, kind, changes) : new RangesSection(_store.Value.Pass, 0, 0, "", "", kind);

    /// <summary>What a pass chose by the data, kept in a section; null when that is not known, or has to be found anew.</summary>
    /// <param name="possible">What it may be.</param>
    /// <exception cref="DiagnosticException">The ranges file has another choice, and there is no data to choose by.</exception>
    internal string? ChoiceOf(RangesSection section, IReadOnlyCollection<string> possible)
    {
        var choice = _store.Value.Choice(section);
        if (choice is not null && possible.Contains(choice))
            return choice;
        if (choice is not null)
            RefuseRanges(DiagnosticCatalog.RangesOfAnotherModel, $"written by another version: of the forms {section.Pass} compares, none is the chosen "
                + $"'{choice}'", "forms are");
        else if (Memory is null && _store.Value.IsOfOtherChanges(section))
            RefuseRanges(DiagnosticCatalog.RangesOfAnotherModel,
                $"measured with other options of {section.Pass}: its choice of a form, and the biases it corrects, do not fit", "forms are");
        return null;
    }

    /// <summary>Moments of values that a pass put into a copy of the model; of those that were never computed there are none.</summary>
    /// <param name="section">Where they are kept.</param>
    /// <param name="copy">The copy, which stays as it is.</param>
    /// <param name="wanted">The values, each with the axis of its channels and the name that it is known by in the section.</param>
    /// <param name="samples">How many samples are enough.</param>
    /// <exception cref="DiagnosticException">The data is missing or does not fit, or the ranges file lacks a value.</exception>
    internal IReadOnlyDictionary<Value, ChannelMoments> MomentsOfCopy(
        RangesSection section, OnnxModel copy, IReadOnlyDictionary<Value, (int Axis, string Name)> wanted, int samples)
    {
        var missing = wanted.Where(pair => _store.Value.Moments(section, pair.Value.Name) is null).ToList();
        if (missing.Count > 0 && !_settings.NamesData)
            throw new DiagnosticException(DiagnosticCatalog.RangesMissing,
                $"The ranges file has no {section.Calibrator} of '{missing[0].Value.Name}' for {section.Pass}. Add 'data:' to measure it, and take the "
                + "NAME.ranges.json beside that result", _settings.Location);
        if (missing.Count > 0)
        {
            var seen = new CalibrationData(this, Some(samples))
                .Observe(copy, [.. missing.Select(pair => pair.Key)], value => new ChannelMomentsObserver(wanted[value].Axis));
            foreach (var (value, observer) in seen)
                RangesStore.SetMoments(section, wanted[value].Name, observer.Moments);
        }
        return wanted.Select(pair => (pair.Key, Moments: _store.Value.Moments(section, pair.Value.Name)!))
            .Where(pair => pair.Moments.Means.Length > 0).ToDictionary(pair => pair.Key, pair => pair.Moments);
    }

    private List<Value> MissingMoments(RangesSection section, ValueNames names, IEnumerable<Value> values) =>
        [.. values.Distinct().Where(value => _store.Value.Moments(section, names[value]) is null)];

    private static void Learn(RangesSection section, ValueNames names, IEnumerable<KeyValuePair<Value, ChannelMomentsObserver>> seen)
    {
        foreach (var (value, observer) in seen)
            RangesStore.SetMoments(section, names[value], observer.Moments);
    }

    /// <summary>Why a value has no range, in words.</summary>
    internal string WhyNoRange(OnnxModel model, Value value) =>
        !_neverFinite.TryGetValue(new ValueNames(model)[value], out var isNeverFinite)
            ? $"'{Path.GetFileName(_settings.Ranges)}' has no range for {value}: the data it was measured on never computes it, or never a finite number of it"
            : isNeverFinite ? $"{value} is infinite or undefined throughout on the calibration data" : $"the calibration data never computes {value}";

    /// <summary>Ranges of the channels of values on all samples; a value that was never computed has none.</summary>
    /// <param name="model">The model as it is now, which stays so.</param>
    /// <param name="axes">The values, each with the axis of its channels; negative from the end.</param>
    /// <param name="options">How the ranges are found.</param>
    /// <exception cref="DiagnosticException">The data is missing or does not fit, or the ranges file lacks a value.</exception>
    public IReadOnlyDictionary<Value, IReadOnlyList<ValueRange>> ChannelRanges(OnnxModel model, IReadOnlyDictionary<Value, int> axes, RangeOptions options) =>
        Find(model, axes.ToDictionary(pair => pair.Key, pair => (int?)pair.Value), options, []).ToDictionary();

    /// <summary>Runs the model on all samples and shows values to observers.</summary>
    /// <param name="model">The model as it is now, which stays so.</param>
    /// <param name="values">Values of its graphs. Of one in a loop whose shape varies, the observer sees nothing; the diagnostics say so.</param>
    /// <param name="create">Makes an observer for a value; also more than one.</param>
    /// <exception cref="DiagnosticException">The profile gives ranges only, or the data is missing or does not fit.</exception>
    public IReadOnlyDictionary<Value, T> Observe<T>(OnnxModel model, IReadOnlyCollection<Value> values, Func<Value, T> create)
        where T : class, IObserver<T> => Observe(model, values, create, out _);

    /// <summary>From now on it is this entry of the profile's passes that learns.</summary>
    internal void Begin(PassSettings pass, int step) => Begin(pass.Name, step);

    internal void Begin(string pass, int step) => _store.Value.Begin(pass, step);

    /// <summary>What was learned, to be written; null when nothing was.</summary>
    internal RangesFile? ToFile() => _store is { IsValueCreated: true, Value: { Sections.Count: > 0 } store } ? store.ToFile(ModelDigest()) : null;

    private RangesStore OpenStore()
    {
        if (_settings.Ranges is not { } path)
            return new RangesStore(null);
        var file = RangesFile.Read(path, _settings.Location);
        if (file?.Model == ModelDigest())
            return new RangesStore(file);
        if (file is null)
            RefuseRanges(DiagnosticCatalog.RangesUnreadable, "written by an earlier ModelOptimizer", "all ranges are",
                "build once with 'data:' and take the new NAME.ranges.json beside the result");
        else
            RefuseRanges(DiagnosticCatalog.RangesOfAnotherModel, "measured on another model", "all ranges are");
        return new RangesStore(null);
    }

    private List<KeyValuePair<Value, IReadOnlyList<ValueRange>>> Find(
        OnnxModel model, Dictionary<Value, int?> axes, RangeOptions options, IReadOnlyCollection<Value> withMoments)
    {
        var (names, section) = (new ValueNames(model), _store.Value.Section(model, options.Calibrator.Describe(options)));
        var missing = axes.Where(pair => section.Find(names[pair.Key], pair.Value) is null && !_store.Value.TakeOver(section, names[pair.Key], pair.Value))
            .ToDictionary();
        if (missing.Count > 0 && _store.Value.IsOfAnotherState(section))
            RefuseState(section);
        if (missing.Count > 0 && !_settings.NamesData)
            throw new DiagnosticException(DiagnosticCatalog.RangesMissing,
                $"{_store.Value.WhyMissing(section, [.. missing.Keys.Select(value => names[value])])}. Add 'data:' to measure it, and take the NAME.ranges.json beside that result",
                _settings.Location);
        if (missing.Count > 0)
            Measure(model, missing, options, section, names, withMoments);
        return [.. axes.Select(pair => KeyValuePair.Create(pair.Key, section.Find(names[pair.Key], pair.Value)!)).Where(pair => pair.Value.Count > 0)];
    }

    /// <exception cref="DiagnosticException">There is no data to measure on instead.</exception>
    private void RefuseState(RangesSection section) => RefuseRanges(DiagnosticCatalog.RangesOfAnotherModel,
        $"measured on another state of the model: the passes before {section.Pass}, or their options, were others", "the ranges for it are");

    private void RefuseRanges(
        DiagnosticDescriptor code, string why, string which,
        string remedy = "measure anew with 'data:', and take the NAME.ranges.json beside the result")
    {
        var mistake = new Diagnostic(code, $"'{_settings.Ranges}' was {why}", _settings.Location);
        if (!_settings.NamesData)
            throw new DiagnosticException(mistake with { Message = $"{mistake.Message}: {remedy}" });
        Diagnostics?.Report(mistake with { Severity = Severity.Warning, Message = $"{mistake.Message}, so that {which} measured anew: put the NAME.ranges.json beside the result in its place" });
    }

    private void Measure(
        OnnxModel model, Dictionary<Value, int?> axes, RangeOptions options, RangesSection section, ValueNames names,
        IReadOnlyCollection<Value> withMoments)
    {
        var moments = _store.Value.Section(model, ChannelMoments.Name);
        var unknown = MissingMoments(moments, names, withMoments).ToHashSet();
        var all = Observe(model, [.. axes.Keys.Union(unknown)],
            value => new RangeObserver(options, axes.GetValueOrDefault(value)) { Moments = unknown.Contains(value) ? new() : null }, out var samples);
        Learn(moments, names, unknown.Select(value => KeyValuePair.Create(value, all[value].Moments!)));
        _store.Value.Samples = samples;
        var observers = all.Where(pair => axes.ContainsKey(pair.Key)).ToList();
        // On all cores: some calibrators search long.
        var chosen = new IReadOnlyList<ValueRange>[observers.Count];
        Cores.For(0, observers.Count, i => chosen[i] = observers[i].Value.Ranges ?? []);
        foreach (var ((value, _), ranges) in observers.Zip(chosen))
            section.Set(names[value], axes[value], ranges);
        foreach (var (value, observer) in observers)
            _neverFinite[names[value]] = observer.Ranges is null && observer.Facts.NonFinite > 0;
        if (Diagnostics is { } sink)
            CalibrationFindings.Report([.. observers.Select(pair => (names[pair.Key], pair.Value.Facts))], samples, sink);
    }

    private IReadOnlyDictionary<Value, T> Observe<T>(OnnxModel model, IReadOnlyCollection<Value> values, Func<Value, T> create, out int count)
        where T : class, IObserver<T>
    {
        var samples = Samples(model);
        Progress?.Report("calibrate");
        using var observation = new Observation<T>(_engine, model, values, create);
        (var observers, count) = observation.Run(samples, _settings.Memory.Bytes, Threads, Cancellation);
        if (Diagnostics is not { } sink)
            return observers;
        CalibrationFindings.Report([.. observation.Partial.Select(view => (view.Value.ToString(), view))], sink);
        if (observation.Peak is { Node: { } node } peak && peak.Bytes > _settings.Memory.Bytes)
            sink.Report(new Diagnostic(DiagnosticCatalog.CalibrationMemoryExceeded,
                $"At {node} a sample holds {new ByteSize(peak.Bytes)}, more than calibration may ({_settings.Memory}): raise 'memory:', or give smaller samples", _settings.Location));
        return observers;
    }
}
