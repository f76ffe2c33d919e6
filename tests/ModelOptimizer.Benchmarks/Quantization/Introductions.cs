using ModelOptimizer.Benchmarks.Results;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>What stands above the tables: how they are made and what their columns say.</summary>
internal static class Introductions
{
    public static string Quantization => $"""
        # What quantization does to real models

        {Made("quantization", "settings.yaml")}

        {Columns}
        - for size: dynamic and static leave float what 8 bits would make slower, unless `prefer: size` asks for it. 16-bit activations are always slower.
        - mixed: `accuracy:` keeps what costs most in float32, until half a point of top-1, one percent of perplexity, or 25 dB are kept. It is measured
          on the data that it decides by, as in a build.

        The last table stands beside figures of ONNX Runtime's own tools, which were measured on other pictures of the same kind: rendered text, 16 for
        calibration and 8 held out. Most of what differs by a decibel or two differs for that.


        """;

    public static string LowBits => $"""
        # What few bits a weight do to Transformers

        {Made("low-bits", "low-bits.yaml")}

        {Columns}
        - Algorithms: `round-to-nearest`, `mse`, `k-quant` and `hqq` look at weights only; `gptq` and `awq` learn from 256 calibration samples.
        - Blocks of 32 weights share a scale where nothing else is said.
        - `palettize`: weights are codes of a table for each tensor, and floats again once the model is loaded.
        - budget of …: bits, block and algorithm of each weight are chosen so that the model is no larger than that setting leaves it.


        """;

    public static string Pruning => $"""
        # What pruning does to real models

        {Made("pruning", "pruning.yaml")}

        {Columns}
        - compressed MB: after Brotli, as a resource or a download is.
        - … % of all units: of channels, neurons and heads of each group, with everything that goes with them; what reads the rest is fitted anew on 256
          calibration samples (least squares, layer by layer), but for "no recovery".
        - … % of the operations left: so many of each group go that outputs miss least, as measured on calibration data.
        - … % of single weights, 2:4: zeros, which cost as much time and as many bytes as other numbers until the file is compressed.
        - then int8: `quantize-static`. then int4 weights: `quantize-weights` by gptq, which goes by what sparsegpt saw where that comes before it.
        - These models are small for their tasks already; what a larger one bears is more.


        """;

    private static string Columns => """
        - MB: the model with its external data, in 10^6 bytes.
        - Quality: on all evaluation data, against its truth: top-1; perplexity; character error rate (CER) of the text read; overlap (IoU) of the text
          found with where text is; area under the ROC curve (AUC) of the speech found. Toys and models without labels have none.
        - SQNR: signal to noise against the original, of the worst output. Untrained toys amplify any noise.
        - Time: as a share of the original's, median of rounds that run both in turn, under the runtime's full optimization. The row float32 is the
          original against itself: as far as it is from 1, the clock is not to be trusted.
        - s: what the quantizing passes took, calibration included. Peak: the most memory that was resident until the result was written.
        - left: how many nodes and weights the quantizing passes left as they were, each with its reason in the report.
        """;

    private static string Made(string command, string settings) => $"""
        Made by `dotnet run -c Release --project tests/ModelOptimizer.Benchmarks -- {command} [MODEL | SETTING]...`, which measures anew what is named
        and keeps the other rows, with {ModelUnderTest.Engine.Description} on {Machine.Description}. Each row comes from a process of its own. The
        settings are the profiles of [{settings}](Quantization/{settings}).
        """;
}
