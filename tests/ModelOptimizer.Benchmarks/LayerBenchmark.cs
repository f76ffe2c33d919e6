using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Testing;
using ModelOptimizer.Testing.Exporters;

namespace ModelOptimizer.Benchmarks;

/// <summary>Times whole layers of BERT-base (768 wide, 12 heads), as exported, against what the pipelines make of them.</summary>
internal static class LayerBenchmark
{
    private const long Opset = 12;

    private static readonly BertSize s_size = new(Layers: 2, Heads: 12, Size: 64);

    private static readonly (string Name, FuseOptions? Fuse)[] s_pipelines =
    [
        ("simplify", null),
        ("simplify, fuse", new FuseOptions()),
        ("simplify, fuse (contrib)", new FuseOptions { Format = FusionFormat.Contrib }),
        ("simplify, fuse (opset 17)", new FuseOptions { TargetOpset = 17 }),
        ("simplify, fuse (opset 23)", new FuseOptions { TargetOpset = 23 }),
    ];

    public static void Measure()
    {
        var original = BertFixture.Build(Opset, s_size);
        foreach (var (name, fuse) in s_pipelines)
            foreach (var tokens in new[] { 16, 128 })
                AttentionBenchmark.Report($"BERT-base, {s_size.Layers} layers, {tokens} tokens: {name}", original, Optimized(fuse), Feed(tokens));
    }

    private static OnnxModel Optimized(FuseOptions? fuse)
    {
        var model = BertFixture.Build(Opset, s_size);
        PassContexts.Run(model, [new Simplify(new SimplifyOptions()), .. fuse is null ? Array.Empty<IGraphPass>() : [new Fuse(fuse)]]);
        return model;
    }

    private static Dictionary<string, Tensor> Feed(int tokens) => new()
    {
        ["input_ids"] = Tensor.Create([1, tokens], [.. Enumerable.Range(0, tokens).Select(i => i * 7L % BertSize.Vocabulary)]),
        ["token_type_ids"] = Tensor.Create([1, tokens], new long[tokens]),
        ["attention_mask"] = Tensor.Create([1, tokens], [.. Enumerable.Repeat(1L, tokens)]),
    };
}
