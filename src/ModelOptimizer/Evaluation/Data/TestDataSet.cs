using System.Globalization;
using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>
/// An ONNX <c>test_data_set_N</c> folder: <c>input_0.pb</c>, <c>input_1.pb</c> … are one sample, fed whole; <c>output_0.pb</c> … are what
/// the model is known to answer. A tensor belongs to the input or output that it names, else to the one at its number.
/// </summary>
internal static partial class TestDataSet
{
    /// <exception cref="DiagnosticException">A file is no tensor, or the tensors don't fit the model.</exception>
    public static Sample Read(IEnumerable<string> files, string folder, DataRequest request)
    {
        var given = files.ToArray();
        var inputs = Tensors(given, "input", [.. request.Inputs.Select(input => input.Name)]);
        var problems = request.Inputs.Select(input => Problem(input, inputs)).OfType<string>().ToArray();
        DataProblems.Throw(folder, problems);
        return new Sample(request.Inputs.ToDictionary(
            input => input.Name, input => Widening.To(inputs[input.Name], input.Type!.ElementType)))
        {
            Source = folder,
            Expected = Tensors(given, "output", request.Outputs),
        };
    }

    private static string? Problem(Inference.NamedType input, Dictionary<string, Tensor> tensors) =>
        tensors.TryGetValue(input.Name, out var tensor)
            ? InputFit.TypeProblem(input, tensor.ElementType, tensor.ElementType.ToOnnxName()) ?? InputFit.ShapeProblem(input, tensor.Dimensions.AsSpan())
            : InputFit.Missing(input, [.. tensors.Keys]);

    private static Dictionary<string, Tensor> Tensors(IEnumerable<string> files, string kind, IReadOnlyList<string> names)
    {
        var tensors = new Dictionary<string, Tensor>();
        foreach (var (number, file) in Numbered(files, kind))
        {
            var (name, tensor) = Load(file);
            tensors[names.Contains(name) || number >= names.Count ? name : names[number]] = tensor;
        }
        return tensors;
    }

    private static IEnumerable<(int Number, string File)> Numbered(IEnumerable<string> files, string kind) => files
        .Select(file => (Match: FileName().Match(Path.GetFileName(file)), File: file))
        .Where(entry => entry.Match.Groups["kind"].Value == kind)
        .Select(entry => (int.Parse(entry.Match.Groups["number"].Value, CultureInfo.InvariantCulture), entry.File))
        .Order();

    private static (string Name, Tensor Tensor) Load(string file)
    {
        try
        {
            return TensorFile.Load(file);
        }
        catch (InvalidModelException e)
        {
            throw Unreadable.Because(file, null, e.Message);
        }
    }

    [GeneratedRegex(@"^(?<kind>input|output)_(?<number>[0-9]{1,6})\.pb$")]
    private static partial Regex FileName();
}
