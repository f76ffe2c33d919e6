using System.Text.Json;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// A <c>.jsonl</c> file: one sample per line, an object of nested arrays named like the model's inputs. The batch axis may be left out.
/// </summary>
internal sealed class JsonLines(string path, DataRequest request)
{
    private readonly SortedSet<string> _ignored = new(StringComparer.Ordinal);

    /// <summary>Keys seen so far that no input asks for.</summary>
    public IReadOnlyCollection<string> Ignored => _ignored;

    /// <exception cref="DiagnosticException">A line is no JSON object, or does not fit the model; it names the line.</exception>
    /// <param name="isWanted">Takes a sample's place; null wants all. Lines not wanted are not parsed.</param>
    public IEnumerable<Sample> Read(Predicate<long>? isWanted)
    {
        foreach (var (place, (text, line)) in Lines().Index())
            if (isWanted?.Invoke(place) != false)
                yield return Parse(text, line);
    }

    /// <summary>How many samples there are.</summary>
    public int Count() => Lines().Count();

    /// <summary>Those that hold more than space, each with its number.</summary>
    private IEnumerable<(string Text, int Line)> Lines()
    {
        using var reader = Unreadable.Guard(path, null, () => new StreamReader(path));
        for (var line = 1; Unreadable.Guard(path, null, reader.ReadLine) is { } text; line++)
            if (!string.IsNullOrWhiteSpace(text))
                yield return (text, line);
    }

    private Sample Parse(string text, int line)
    {
        using var document = ParseLine(text, line);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw Unreadable.Because(path, null, """each line must be an object such as {"input": [1, 2, 3]}""", line, 1);
        var names = root.EnumerateObject().Select(property => property.Name).ToArray();
        var problems = new List<string>();
        var inputs = new Dictionary<string, Tensor>();
        foreach (var input in request.Inputs)
            if (!root.TryGetProperty(input.Name, out var element))
                problems.Add(InputFit.Missing(input, names));
            else if (Convert(input, element, problems) is { } tensor)
                inputs.Add(input.Name, tensor);
        DataProblems.Throw(path, problems, line);
        var labels = ReadLabels(root, names, line);
        _ignored.UnionWith(names.Except(inputs.Keys).Where(name => labels is null || name != request.LabelsName.Name));
        return new Sample(inputs) { Source = path, Labels = labels, Rows = RowsOf(inputs) };
    }

    /// <summary>Inputs with a leading axis agree on its length when that is the batch.</summary>
    private static long RowsOf(Dictionary<string, Tensor> inputs)
    {
        var lengths = inputs.Values.Where(tensor => tensor.Dimensions.Length > 0).Select(tensor => tensor.Dimensions[0]).Distinct().ToArray();
        return lengths.Length == 1 ? lengths[0] : 1;
    }

    private static Tensor? Convert(NamedType input, JsonElement element, List<string> problems)
    {
        if (input.Type is not { } type || !JsonTensor.CanHold(type.ElementType))
            problems.Add(InputFit.TypeProblem(input, DataType.Undefined, "JSON") ?? $"Input '{input.Name}' takes {input.Type}, which JSON can't hold");
        else if (JsonTensor.Read(element, type.ElementType, type.Shape?.Rank, out var reason) is not { } tensor)
            problems.Add($"Input '{input.Name}': {reason}");
        else if (InputFit.ShapeProblem(input, tensor.Dimensions.AsSpan()) is { } problem)
            problems.Add(problem);
        else
            return tensor;
        return null;
    }

    private Tensor? ReadLabels(JsonElement root, string[] names, int line)
    {
        var (name, isRequired) = request.LabelsName;
        var isInput = !isRequired && request.Inputs.Any(input => input.Name == name);
        if (isInput || !root.TryGetProperty(name, out var element))
            return isRequired ? throw LabelProblem(Labels.Missing(name, names), line) : null;
        // A bare class index stands for a batch of one.
        var rank = element.ValueKind == JsonValueKind.Array ? (int?)null : 1;
        return JsonTensor.Read(element, DataType.Int64, rank, out var reason) ?? throw LabelProblem($"The labels '{name}': {reason}", line);
    }

    private DiagnosticException LabelProblem(string message, int line) =>
        new(DiagnosticCatalog.LabelsMismatch, message, new SourceLocation(path, line));

    private JsonDocument ParseLine(string text, int line)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw Unreadable.Because(path, null, "the line is not valid JSON", line, (int)(e.BytePositionInLine ?? 0) + 1);
        }
    }
}
