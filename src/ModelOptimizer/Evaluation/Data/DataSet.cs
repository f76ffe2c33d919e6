using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// Real inputs for a model, from any number of data files: arrays, pictures or texts. An array of the input's own rank is cut along its first
/// (batch) axis, one with an axis more is a stack of samples fed whole, a scalar for a scalar input serves every sample. Samples are read one at a time.
/// </summary>
public sealed class DataSet
{
    private readonly DataSettings _settings;
    private readonly DataRequest _request;
    private readonly ArraySource _arrays;
    private readonly IReadOnlyList<string> _images;
    private readonly IReadOnlyList<string> _texts;
    private HashSet<long>? _picked;

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
        var arrays = DataFiles.Expand(settings.Data, DataFiles.Arrays, _request.NamedAt);
        _images = DataFiles.Expand(settings.Images, DataFiles.Images, _request.NamedAt);
        _texts = DataFiles.Expand(settings.Text, DataFiles.Texts, _request.NamedAt);
        _arrays = new ArraySource(arrays, _request);
        Files = [.. arrays, .. _images, .. _texts];
        if (request.Labels is { } labels && _images.Count == 0 && arrays.All(file => ExtensionOf(file) == ".pb"))
            throw new DiagnosticException(DiagnosticCatalog.LabelsMismatch,
                $"'labels: {labels}' finds nothing: texts and ONNX test data have no labels. Leave it out, or give arrays or pictures, which have",
                _request.NamedAt);
    }

    /// <summary>Every file the samples come from.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>What is named, in a few words.</summary>
    public static string Describe(DataSettings settings) => string.Join(", ", settings.Data.Concat(settings.Images).Concat(settings.Text).Select(Path.GetFileName));

    /// <summary>Arrays seen so far that the model has no use for.</summary>
    public IReadOnlyCollection<string> Ignored => _arrays.Ignored;

    /// <summary>
    /// The samples in order: arrays, then pictures, then texts. Of more than the request's limit, those read are spread evenly over all, since data is
    /// often sorted; the same ones every time.
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

    /// <summary>How many samples there are, up to the request's limit.</summary>
    /// <exception cref="DiagnosticException">A file can't be read or does not fit the model.</exception>
    internal long Count() => Math.Min(_request.Limit, _arrays.Count() + (Pictures()?.Count ?? 0) + (Lines()?.Count() ?? 0));

    private ImageSource? Pictures() =>
        _images.Count > 0 ? new ImageSource(_images, ImageForm.For(_settings, _request), _request.Batch, LabelsOfPictures()) : null;

    private TextSource? Lines() => _texts.Count > 0 ? new TextSource(_texts, TextForm.For(_settings, _request), _request.Batch) : null;

    private IEnumerable<Sample> ReadSome()
    {
        var (images, texts) = (Pictures(), Lines());
        // Arrays and lines are only counted where not all are read.
        var readsAll = _request is { Limit: int.MaxValue, Places: null };
        var arrays = readsAll ? 0 : _arrays.Count();
        var pictures = images?.Count ?? 0;
        _picked ??= readsAll ? null : EvenPick.Of(arrays + pictures + (texts?.Count() ?? 0), _request.Limit)
            .Where((_, place) => _request.Places?.Contains(place) != false).ToHashSet();
        return _arrays.Read(_picked is null ? null : index => _picked.Contains(index))
            .Concat(images?.Read(index => _picked?.Contains(arrays + index) != false) ?? [])
            .Concat(texts?.Read(index => _picked?.Contains(arrays + pictures + index) != false) ?? [])
            .Take(_request.Limit);
    }

    private PictureLabels? LabelsOfPictures() => _request.Labels is { } labels ? new PictureLabels(labels, _request.NamedAt) : null;

#pragma warning disable CA1308 // Extensions are compared in their usual case.
    internal static string ExtensionOf(string file) => Path.GetExtension(file).ToLowerInvariant();
#pragma warning restore CA1308
}
