using System.Globalization;
using ModelOptimizer.Benchmarks.Results;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary><c>quantization.md</c>: what it says already, and what was measured anew.</summary>
internal sealed class QuantizationReport
{
    private readonly RowTable _results;
    private readonly RowTable _comparison;

    public QuantizationReport(string path)
    {
        var lines = File.Exists(path) ? File.ReadAllLines(path) : [];
        _results = new RowTable("## Results", ["model", "setting", "MB", "quality", "SQNR", "time, 1 thread", "2 threads", "s", "peak MiB", "left"]).Read(lines);
        _comparison = new RowTable("## Beside ONNX Runtime's quantizer",
            ["model", "setting", "MB", "cosine", "SQNR", "as float32", "time, 1 thread", "2 threads"]).Read(lines);
    }

    public void Add(QuantizationRow row)
    {
        if (row.Times.Count == 0)
            _results.Set(row.Model, row.Setting, "", $"none: {row.Trouble}", "", "", "", "", "", "");
        else
            _results.Set(row.Model, row.Setting, Megabytes(row.Bytes), Quality(row), Decibel(row.Sqnr), Number(row.Times[0]), Number(row.Times[1]),
                Number(row.Seconds, "0.0"), Number(row.PeakBytes / (double)(1 << 20), "0"), Number(row.Refusals, "0"));
    }

    /// <summary>Adds a row beside the figures that it stands against.</summary>
    public void Compare(QuantizationRow row)
    {
        foreach (var peer in PeerFigures.All.Where(peer => peer.Model == row.Model && peer.Against == row.Setting))
            _comparison.Set(row.Model, peer.Setting, Number(peer.Megabytes), Number(peer.Cosine, "0.0000"), Decibel(peer.Sqnr), peer.Decisions, Number(peer.Times[0]), Number(peer.Times[1]));
        if (row.Times.Count > 0)
            _comparison.Set(row.Model, Ours(row.Setting), Megabytes(row.Bytes), Number(row.Cosine ?? 0, "0.0000"), Decibel(row.Sqnr), row.Decisions ?? "", Number(row.Times[0]), Number(row.Times[1]));
    }

    public void Write(string path, IReadOnlyList<string> settings)
    {
        var compared = PeerFigures.All.Select(peer => peer.Against).Distinct()
            .SelectMany(setting => PeerFigures.All.Where(peer => peer.Against == setting).Select(peer => peer.Setting).Distinct().Append(Ours(setting)));
        File.WriteAllText(path, string.Join('\n', [Introduction, .. _results.Write(settings), "", .. _comparison.Write([.. compared]), ""]));
    }

    private static string Introduction => $"""
        # What quantization does to real models

        Made by `dotnet run -c Release --project tests/ModelOptimizer.Benchmarks -- quantization [MODEL | SETTING]...`, which measures anew what is named
        and keeps the other rows, with {ModelUnderTest.Engine.Description} on {Machine.Description}. Each row comes from a process of its own. The
        settings are the profiles of [settings.yaml](Quantization/settings.yaml).

        - MB: the model with its external data, in 10^6 bytes.
        - Quality: on all evaluation data, against its truth: top-1; perplexity; character error rate (CER) of the text read; overlap (IoU) of the text
          found with where text is; area under the ROC curve (AUC) of the speech found. Toys and models without labels have none.
        - SQNR: signal to noise against the original, of the worst output. Untrained toys amplify any noise.
        - Time: as a share of the original's, median of rounds that run both in turn, under the runtime's full optimization. The row float32 is the
          original against itself: as far as it is from 1, the clock is not to be trusted.
        - s: what the quantizing passes took, calibration included. Peak: the most memory that was resident until the result was written.
        - left: how many nodes and weights the quantizing passes left as they were, each with its reason in the report.
        - for size: dynamic and static leave float what 8 bits would make slower, unless `prefer: size` asks for it. 16-bit activations are always slower.
        - mixed: `accuracy:` keeps what costs most in float32, until half a point of top-1, one percent of perplexity, or 25 dB are kept. It is measured
          on the data that it decides by, as in a build.

        The last table stands beside figures of ONNX Runtime's own tools, which were measured on other pictures of the same kind: rendered text, 16 for
        calibration and 8 held out. Most of what differs by a decibel or two differs for that.


        """;

    private static string Ours(string setting) => $"**ours: {setting}**";

    private static string Quality(QuantizationRow row) => string.Join("; ", new[] { row.Quality, row.Trouble }.OfType<string>());

    private static string Megabytes(long bytes) => Number(bytes / 1e6);

    private static string Decibel(double? value) => value is { } number ? double.IsPositiveInfinity(number) ? "=" : $"{Number(number, "0.0")} dB" : "";

    private static string Number(double value, string format = "0.00") => value.ToString(format, CultureInfo.InvariantCulture);
}
