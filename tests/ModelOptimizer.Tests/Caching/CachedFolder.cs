using System.Text;
using System.Text.Json.Nodes;
using ModelOptimizer.Caching;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Reporting;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;
using ModelOptimizer.Tests.Quantization;

namespace ModelOptimizer.Tests.Caching;

/// <summary>A folder with a model, data and a profile, as a checkout has them; and a cache, which several may share.</summary>
internal sealed class CachedFolder : IDisposable
{
    private const int Inputs = 96, Rows = 8;

    private readonly DataFolder _folder = new();
    private readonly CachedFolder? _sharing;

    /// <param name="sharing">Another folder whose cache is used.</param>
    public CachedFolder(CachedFolder? sharing = null)
    {
        _sharing = sharing;
        var g = new GraphBuilder(opset: 21, irVersion: 10);
        var x = g.Input("x", DataType.Float, new Dimension(null, "batch"), Inputs);
        var hidden = g.Op("Relu", g.Op("MatMul", x, g.Weight("w1", Tensor.Create([Inputs, 40], Weights.Random(Inputs * 40)))));
        g.Output("y", g.Op("MatMul", hidden, g.Weight("w2", Tensor.Create([40, Inputs], Weights.Random(40 * Inputs)))));
        ModelWriter.Save(g.Build(), this["model.onnx"]);
        var rows = DataFolder.Floats($"({Rows}, {Inputs})", Weights.Random(Rows * Inputs));
        _folder.WriteNpz("data.npz", ("x", rows), ("spare", DataFolder.Floats("(1,)", 0f)));
        _folder.WriteNpz("labelled.npz", ("x", rows), ("labels", DataFolder.Longs($"({Rows},)", new long[Rows])));
        Profile("""
            version: 1
            calibration: { data: data.npz }
            passes: [simplify, quantize-static: { prefer: size }]
            evaluate: { data: data.npz, metrics: [cosine-similarity, sqnr] }
            budget: { size-ratio: 95% }
            """);
    }

    public string this[string name] => _folder[name];

    public string Cache => _sharing?.Cache ?? this["cache"];

    public ByteSize Capacity { get; set; } = CacheSettings.DefaultCapacity;

    /// <summary>A server, if any.</summary>
    public SharedCacheSettings? Shared { get; set; }

    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan LongestWait { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Lines for the curious; what else happens when one is told.</summary>
    public List<string> Notices { get; } = [];

    public Action OnNotice { get; set; } = () => { };

    /// <summary>Told of the cache itself.</summary>
    public DiagnosticBag Trouble { get; } = new();

    /// <summary>How often work was done.</summary>
    public int Runs { get; private set; }

    public void Profile(string yaml) => _folder.WriteText("model-opt.yaml", yaml);

    public void Write(string name, string text) => _folder.WriteText(name, text);

    public (OptimizationResult Result, IReadOnlyList<Diagnostic> Diagnostics) Run(string output = "out/model.onnx", Action<string>? step = null)
    {
        var bag = new DiagnosticBag();
        using var cache = new ResultCache(Settings, Trouble);
        var result = new CachedOptimizer(PassContexts.Engine, cache, bag, new Steps(this, step)) { Notice = Heard }.Run(Request(output));
        return (result, bag.Diagnostics);
    }

    /// <summary>Changes what the only entry tells of its run, with digests that fit.</summary>
    public void Rewrite(Action<JsonNode> change)
    {
        var store = new LocalStore(Cache);
        var key = Path.GetFileName(Kept("ac").Single());
        var entry = store.Find(key)!;
        var account = entry.OutputFiles.Single(file => file.Path == "run.json");
        using var stored = new MemoryStream();
        store.Read(account, part => stored.Write(part.Span));
        var json = JsonNode.Parse(stored.ToArray())!;
        change(json);
        var changed = new MemoryStream(Encoding.UTF8.GetBytes(json.ToJsonString()));
        account.Digest = Blob.Copy(changed, Stream.Null);
        changed.Position = 0;
        store.Add(changed, account);
        store.Put(key, entry);
    }

    public OptimizationRequest Request(string output = "out/model.onnx", string model = "model.onnx")
    {
        var mistakes = new DiagnosticBag();
        var profile = ProfileReader.Read(this["model-opt.yaml"], mistakes);
        Assert.That(mistakes.Diagnostics, Is.Empty);
        return new(this[model], profile!, this[output]);
    }

    /// <summary>Name and contents of all that a run wrote.</summary>
    public IReadOnlyDictionary<string, string> Written(string folder = "out") => Directory.GetFiles(this[folder], "*", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(this[folder], file), file => FileDigest.Of(file).Sha256);

    public string[] Kept(string kind) => Directory.GetFiles(Path.Combine(Cache, kind));

    public void Dispose() => _folder.Dispose();

    private CacheSettings Settings => new(Cache)
    {
        Capacity = Capacity,
        Shared = Shared,
        Patience = Patience,
        QuietWait = TimeSpan.Zero,
        LongestWait = LongestWait,
    };

    private void Heard(string line)
    {
        lock (Notices)
            Notices.Add(line);
        OnNotice();
    }

    private sealed class Steps(CachedFolder folder, Action<string>? step) : IProgress<string>
    {
        public void Report(string value)
        {
            if (value == "load")
                lock (folder)
                    folder.Runs++;
            step?.Invoke(value);
        }
    }
}
