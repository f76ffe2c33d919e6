using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation;

/// <summary>Two models can be compared when the candidate takes what the original takes and answers what it answers.</summary>
internal static class SignatureCheck
{
    /// <exception cref="DiagnosticException">They can't; it names every input and output at fault.</exception>
    public static void Require(OnnxModel original, OnnxModel candidate)
    {
        var problems = InputProblems(original, candidate).Concat(OutputProblems(original, candidate)).ToArray();
        if (problems.Length > 0)
            throw new DiagnosticException([.. problems.Select(problem => new Diagnostic(
                DiagnosticCatalog.SignaturesDiffer, problem, candidate.Path is null ? null : new SourceLocation(candidate.Path)))]);
    }

    private static IEnumerable<string> InputProblems(OnnxModel original, OnnxModel candidate)
    {
        var known = DataRequest.For(original).Inputs.ToDictionary(input => input.Name, input => input.Type?.ElementType);
        foreach (var (name, type) in DataRequest.For(candidate).Inputs)
            if (!known.TryGetValue(name, out var expected))
                yield return $"The result takes an input '{name}' that the original does not have{Suggestion.Clause(name, known.Keys)}";
            else if (expected != type?.ElementType)
                yield return $"Input '{name}' is {expected?.ToOnnxName()} in the original, but {type?.ElementType.ToOnnxName()} in the result";
    }

    private static IEnumerable<string> OutputProblems(OnnxModel original, OnnxModel candidate)
    {
        var answered = candidate.Graph.Outputs.Select(output => output.Name).ToArray();
        return original.Graph.Outputs.Select(output => output.Name).Except(answered)
            .Select(name => $"The original's output '{name}' is missing in the result{Suggestion.Clause(name, answered)}");
    }
}
