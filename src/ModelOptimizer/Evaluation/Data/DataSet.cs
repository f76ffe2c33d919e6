using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// Real inputs for a model, from any number of data files: arrays, pictures or texts. An array of the input's own rank is cut along its first (batch) axis, one with an
/// axis more is a stack of samples fed whole, a scalar for a scalar input serves every sample. Samples are read one at a time.
/// </summary>
public sealed class DataSet
{
    private readonly DataSettings _settings;
    private readonly DataRequest _request;
    private readonly IReadOnlyList<string> _arrays;
    private readonly IReadOnlyList<string> _images;
    private readonly IReadOnlyList<string> _texts;
    private readonly SortedSet<string> _ignored = new(StringComparer.Ordinal);

    /// <summary>Arrays only.</summary>
    /// <param name="paths">Files, folders and globs.</param>
    /// <param name="request">What the model wants.</param>
    /// <exception cref="DiagnosticException">A path leads nowhere.</exception>
    public DataSet(IReadOnlyList<string> paths, DataRequest request)
        : this(new CalibrationSettings { Data = paths }, request)
    {
    }

    /// <summary>Arrays, pictures and texts, in this order.</summary>
    /// <param name="settings">What to read, and how.</param>
    /// <param name="request">What the model wants.</param>
    /// <exception cref="DiagnosticException">A path leads nowhere, the settings name nothing to read, or labels where there are none.</exception>
    public DataSet(DataSettings settings, DataRequest request)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(request);
        _settings = settings;
        _request = request with { NamedAt = settings.Location ?? request.NamedAt };
        if (!settings.NamesData)
            throw new DiagnosticException(DiagnosticCatalog.NoDataNamed, "No data is named: give 'data:' with arrays, 'images:' or 'text:'", _request.NamedAt);
        _arrays = DataFiles.Expand(settings.Data, DataFiles.Arrays, _request.NamedAt);
        _images = DataFiles.Expand(settings.Images, DataFiles.Images, _request.NamedAt);
        _texts = DataFiles.Expand(settings.Text, DataFiles.Texts, _request.NamedAt);
        Files = [.. _arrays, .. _images, .. _texts];
        if (request.Labels is { } labels && _images.Count == 0 && _arrays.All(file => ExtensionOf(file) == ".pb"))
            throw new DiagnosticException(DiagnosticCatalog.LabelsMismatch,
                $"'labels: {labels}' finds nothing: texts and ONNX test data have no labels. Leave it out, or give arrays or pictures, which have",
                _request.NamedAt);
    }

    /// <summary>Every file the samples come from.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>What is named, in a few words.</summary>
    public static string Describe(DataSettings settings) => string.Join(", ", settings.Data.Concat(settings.Images).Concat(settings.Text).Select(Path.GetFileName));

    /// <summary>Arrays seen so far that the model has no use for.</summary>
    public IReadOnlyCollection<string> Ignored => _ignored;

    /// <summary>
    /// The samples in order, up to the request's limit: arrays from the front, then pictures and texts, of which those read are spread evenly over all.
    /// </summary>
    /// <exception cref="DiagnosticException">
    /// While enumerating: a file can't be read, does not fit the model, or there is no sample at all.
    /// </exception>
    public IEnumerable<Sample> Read()
    {
        var index = 0;
        foreach (var sample in ReadSome())
            yield return sample with { Index = index++ };
        if (index == 0)
            throw new DiagnosticException(DiagnosticCatalog.DataMismatch, "The data has no samples", new SourceLocation(Files[0]));
    }

    private IEnumerable<Sample> ReadSome()
    {
        var images = _images.Count > 0 ? new ImageSource(_images, ImageForm.For(_settings, _request), _request.Batch, LabelsOfPictures()) : null;
        var texts = _texts.Count > 0 ? new TextSource(_texts, TextForm.For(_settings, _request), _request.Batch) : null;
        var left = _request.Limit;
        foreach (var sample in _arrays.GroupBy(UnitOf).SelectMany(unit => ReadUnit(unit.Key, [.. unit])).Take(left))
        {
            left--;
            yield return sample;
        }
        var pictures = images?.Count ?? 0;
        // Lines are only counted where not all are read.
        var picked = _request.Limit == int.MaxValue || left == 0 ? null : EvenPick.Of(pictures + (texts?.Count() ?? 0), left).ToHashSet();
        if (images is not null && left > 0)
            foreach (var sample in images.Read(index => picked?.Contains(index) != false))
                yield return sample;
        if (texts is not null && left > 0)
            foreach (var sample in texts.Read(index => picked?.Contains(pictures + index) != false))
                yield return sample;
    }

    private PictureLabels? LabelsOfPictures() => _request.Labels is { } labels ? new PictureLabels(labels, _request.NamedAt) : null;

    /// <summary>What belongs together: an archive or a JSON file is whole, the arrays and tensors of a folder make one unit.</summary>
    private static string UnitOf(string file) => ExtensionOf(file) is ".npy" or ".pb" ? Path.GetDirectoryName(file) + ExtensionOf(file) : file;

    private IEnumerable<Sample> ReadUnit(string unit, string[] files) => ExtensionOf(files[0]) switch
    {
        ".npz" => ReadArchive(files[0]),
        ".npy" => NpyFolder.Sets(files).SelectMany(ReadArrays),
        ".pb" => [TestDataSet.Read(files, unit[..^".pb".Length], _request)],
        _ => ReadLines(files[0]),
    };

    private IEnumerable<Sample> ReadArchive(string file)
    {
        using var archive = new NpzFile(file);
        foreach (var sample in Fit(file, archive.Arrays))
            yield return sample;
    }

    private IEnumerable<Sample> ReadArrays(IReadOnlyList<string> files) =>
        Fit(files.Count == 1 ? files[0] : Path.GetDirectoryName(files[0])!, NpyFolder.Arrays(files, _request));

    private IEnumerable<Sample> Fit(string source, IReadOnlyList<DataArray> arrays)
    {
        var set = new ArraySet(source, arrays, _request);
        _ignored.UnionWith(set.Ignored);
        return set.Read();
    }

    private IEnumerable<Sample> ReadLines(string file)
    {
        var lines = new JsonLines(file, _request);
        foreach (var sample in lines.Read())
            yield return sample;
        _ignored.UnionWith(lines.Ignored);
    }

#pragma warning disable CA1308 // Extensions are compared in their usual case.
    private static string ExtensionOf(string file) => Path.GetExtension(file).ToLowerInvariant();
#pragma warning restore CA1308
}
