using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>Arrays that belong together, fitted to a model: one per input, all making the same number of samples.</summary>
internal sealed class ArraySet
{
    private readonly IReadOnlyList<ArrayPlan> _inputs;
    private readonly LabelPlan? _labels;
    private readonly string _source;

    /// <exception cref="DiagnosticException">The arrays don't fit the model; it carries every reason found.</exception>
    public ArraySet(string source, IReadOnlyList<DataArray> arrays, DataRequest request)
    {
        _source = source;
        var labels = FindLabels(source, arrays, request);
        var forInputs = arrays.Where(array => array != labels).ToArray();
        _inputs = FitInputs(source, forInputs, request);
        Count = CommonCount();
        _labels = labels is null ? null : LabelPlan.For(labels, _inputs, Count);
        Ignored = [.. forInputs.Except(_inputs.Select(plan => plan.Array)).Select(array => array.ToString())];
    }

    public long Count { get; }

    /// <summary>Arrays that no input asks for.</summary>
    public IReadOnlyList<string> Ignored { get; }

    /// <param name="isWanted">Takes a sample's place; null wants all. What lies before a wanted one is passed over.</param>
    public IEnumerable<Sample> Read(Predicate<long>? isWanted = null)
    {
        using var open = new Disposables<RowReader>();
        foreach (var plan in _inputs)
            open.Add(new RowReader(plan.Array));
        var readers = open.ToArray();
        if (_labels is not null)
            open.Add(new RowReader(_labels.Array));
        var repeated = _inputs.Zip(readers).Where(pair => pair.First.Cutting == Cutting.Repeat)
            .ToDictionary(pair => pair.First.Input.Name, pair => pair.First.Read(pair.Second, 0));
        for (var i = 0L; i < Count; i++)
        {
            if (isWanted?.Invoke(i) == false)
                continue;
            yield return new Sample(_inputs.Zip(readers).ToDictionary(
                pair => pair.First.Input.Name,
                pair => repeated.TryGetValue(pair.First.Input.Name, out var same) ? same : pair.First.Read(pair.Second, i)))
            {
                Source = _source,
                Rows = _inputs.FirstOrDefault(plan => plan.Cutting == Cutting.Rows)?.RowsOf(i) ?? 1,
                Labels = _labels?.Read(open[^1], i),
            };
        }
    }

    private static DataArray? FindLabels(string source, IReadOnlyList<DataArray> arrays, DataRequest request)
    {
        var (name, isRequired) = request.LabelsName;
        var labels = arrays.FirstOrDefault(array => array.Name == name && (isRequired || !request.Inputs.Any(input => input.Name == name)));
        if (labels is null && isRequired)
            throw new DiagnosticException(DiagnosticCatalog.LabelsMismatch, Labels.Missing(name, arrays.Select(array => array.Name)),
                new SourceLocation(source));
        return labels;
    }

    private static List<ArrayPlan> FitInputs(string source, DataArray[] arrays, DataRequest request)
    {
        var plans = new List<ArrayPlan>();
        var problems = new List<string>();
        foreach (var input in request.Inputs)
            if (Find(input, arrays, request) is { } array)
                plans.Add(ArrayPlan.For(input, array, request.Batch));
            else
                problems.Add(InputFit.Missing(input, [.. arrays.Select(a => a.Name)]));
        problems.AddRange(plans.Select(plan => plan.Problem()).OfType<string>());
        DataProblems.Throw(source, problems);
        return plans;
    }

    /// <summary>The array of the input's name. A single array needs no name when there is a single input (<c>np.savez(file, x)</c>).</summary>
    private static DataArray? Find(NamedType input, DataArray[] arrays, DataRequest request) =>
        Array.Find(arrays, array => array.Name == input.Name)
        ?? (request.Inputs.Count == 1 && arrays.Length == 1 ? arrays[0] : null);

    private long CommonCount()
    {
        var counts = _inputs.Where(plan => plan.SampleCount is not null).ToArray();
        var count = counts.FirstOrDefault()?.SampleCount ?? 1;
        if (Array.Exists(counts, plan => plan.SampleCount != count))
            DataProblems.Throw(_source, ["The arrays make different numbers of samples: "
                + string.Join(", ", counts.Select(plan => $"{plan.SampleCount} from {plan.Array} by {plan.RowsPerSample}"))]);
        return count;
    }
}
