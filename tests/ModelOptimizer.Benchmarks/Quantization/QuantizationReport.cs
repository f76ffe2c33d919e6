using System.Globalization;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>The file of a table: what it says already, and what was measured anew.</summary>
internal sealed class QuantizationReport
{
    private readonly MeasuredTable _table;
    private readonly RowTable _results;
    private readonly RowTable _comparison;

    public QuantizationReport(MeasuredTable table)
    {
        _table = table;
        var lines = File.Exists(table.Path) ? File.ReadAllLines(table.Path) : [];
        _results = new RowTable("## Results", ["model", "setting", "MB", .. table.HasCompressed ? ["compressed MB"] : Array.Empty<string>(), "quality", "SQNR", "time, 1 thread", "2 threads", "s", "peak MiB", "left"]).Read(lines);
        _comparison = new RowTable("## Beside ONNX Runtime's quantizer",
            ["model", "setting", "MB", "cosine", "SQNR", "as float32", "time, 1 thread", "2 threads"]).Read(lines);
    }

    public void Add(QuantizationRow row)
    {
        if (row.Times.Count == 0)
            _results.Set([row.Model, row.Setting, "", .. Compressed(""), $"none: {row.Trouble}", "", "", "", "", "", ""]);
        else
            _results.Set([row.Model, row.Setting, Megabytes(row.Bytes), .. Compressed(Megabytes(row.CompressedBytes)), Quality(row), Decibel(row.Sqnr), Number(row.Times[0]), Number(row.Times[1]),
                Number(row.Seconds, "0.0"), Number(row.PeakBytes / (double)(1 << 20), "0"), Number(row.Refusals, "0")]);
    }

    private string[] Compressed(string megabytes) => _table.HasCompressed ? [megabytes] : [];

    /// <summary>Adds a row beside the figures that it stands against.</summary>
    public void Compare(QuantizationRow row)
    {
        foreach (var peer in PeerFigures.All.Where(peer => peer.Model == row.Model && peer.Against == row.Setting))
            _comparison.Set(row.Model, peer.Setting, Number(peer.Megabytes), Number(peer.Cosine, "0.0000"), Decibel(peer.Sqnr), peer.Decisions, Number(peer.Times[0]), Number(peer.Times[1]));
        if (row.Times.Count > 0)
            _comparison.Set(row.Model, Ours(row.Setting), Megabytes(row.Bytes), Number(row.Cosine ?? 0, "0.0000"), Decibel(row.Sqnr), row.Decisions ?? "", Number(row.Times[0]), Number(row.Times[1]));
    }

    public void Write()
    {
        var results = _results.Write([.. _table.Settings.Select(setting => setting.Name)]);
        File.WriteAllText(_table.Path, string.Join('\n', [_table.Introduction, .. results, .. _table.StandsBesidePeers ? Comparison() : [], .. _table.HasRecovery ? new RecoverySummary(_results).Lines() : [], ""]));
    }

    private IEnumerable<string> Comparison()
    {
        var settings = PeerFigures.All.Select(peer => peer.Against).Distinct()
            .SelectMany(setting => PeerFigures.All.Where(peer => peer.Against == setting).Select(peer => peer.Setting).Distinct().Append(Ours(setting)));
        return ["", .. _comparison.Write([.. settings])];
    }

    private static string Ours(string setting) => $"**ours: {setting}**";

    private static string Quality(QuantizationRow row) => string.Join("; ", new[] { row.Quality, row.Trouble }.OfType<string>());

    private static string Megabytes(long bytes) => Number(bytes / 1e6);

    private static string Decibel(double? value) => value is { } number ? double.IsPositiveInfinity(number) ? "=" : $"{Number(number, "0.0")} dB" : "";

    private static string Number(double value, string format = "0.00") => value.ToString(format, CultureInfo.InvariantCulture);
}
