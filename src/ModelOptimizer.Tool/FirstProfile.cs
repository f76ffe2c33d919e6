using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>The profile that <c>init</c> writes: works at once, and shows the rest as comments.</summary>
internal static class FirstProfile
{
    /// <param name="output">Where it will lie: its paths are relative to that.</param>
    public static string For(ModelInspection model, string output)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(output))!;
        var path = Path.GetRelativePath(folder, Path.GetFullPath(model.Model)).Replace('\\', '/');
        return $"""
            # yaml-language-server: $schema=./{ProfileSchema.FileName}
            # What to do with the model, and what it must keep.
            version: 1
            model: "{path}"

            # In this order. '{CommandLine.Name} explain NAME' tells what each does and which options it takes.
            passes:
              - simplify              # removes what computes nothing; results stay the same
            {Compression(model)}

            # Real data, to measure what is kept. An .npz (or a folder of .npy, or .jsonl) with one array per input:
            {string.Join('\n', model.Inputs.Select(input => $"#   {InspectionText.TypeOf(input),-24} {input.Name}"))}
            # evaluate:
            #   data: data/validation.npz
            #   labels: labels        # the array with the class of each row, where there is one
            #   metrics: [cosine-similarity, sqnr, top-1]

            # A broken limit is an error at its line.
            budget:
              size-ratio: 100%        # never larger than the original
            #   size: 2 MiB
            #   top-1: {"{"} max-drop: 0.5% {"}"}

            # How a project that has this file embeds the result.
            embed:
              as: resource            # or content, or none

            """.ReplaceLineEndings("\n");
    }

    /// <summary>Dynamic quantization pays where matrices are multiplied; other models start with halved weights, switched off.</summary>
    private static string Compression(ModelInspection model) => model.Operators.Any(op => op.Operator is "MatMul" or "Gemm" && op.Bytes > 0)
        ? "  - quantize-dynamic      # 8-bit weights and arithmetic in MatMul and Gemm; needs no data"
        : "#  - convert-float16      # halves the file; computes as before";
}
