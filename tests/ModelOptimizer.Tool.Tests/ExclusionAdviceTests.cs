using ModelOptimizer.Bisection;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Tool.Tests;

internal sealed class ExclusionAdviceTests
{
    [TestCase("simplify", "fuse-conv-mul", "Keep simplify to what is exact: '- simplify: { exact: true }'")]
    [TestCase("simplify", "merge-casts", "Name the other passes of simplify in its place: [eliminate-dead-nodes, ")]
    [TestCase("inline-if", "inline-if", "Leave inline-if out of the profile")]
    [TestCase("quantize-weights", "quantize-weights", """Exclude the place in the profile: '- quantize-weights: { exclude: ["/head/MatMul"] }'""")]
    public void Says_what_to_write(string runBy, string pass, string advice)
    {
        var given = Advice(runBy, pass, change: 1);

        Assert.That(given[0], Does.StartWith(advice).And.Not.Contain($" {pass},"));
        Assert.That(given[1], Is.EqualTo("Or stop before it: --max-rewrites 6"));
    }

    [Test]
    public void Members_are_told_what_their_group_was_told()
    {
        var options = new FuseOptions { Format = FusionFormat.Contrib };

        var given = Advice("fuse", "fuse-gelu", change: 1, options)[0];

        Assert.That(given, Does.Contain("fuse-fast-gelu: { format: contrib }, ").And.Contain("fuse-attention, ").And.Not.Contain("fuse-gelu:"));
    }

    [TestCase("simplify", "fuse-conv-mul", 0.5, true)]
    [TestCase("simplify", "fuse-conv-mul", 1e-6, false)]
    [TestCase("quantize-weights", "quantize-weights", 0.5, false)]
    public void Only_broken_promises_are_asked_to_be_reported(string runBy, string pass, double change, bool isBroken) =>
        Assert.That(Advice(runBy, pass, change), isBroken ? Has.Some.Contains("report it") : Has.None.Contains("report it"));

    private static IReadOnlyList<string> Advice(string runBy, string pass, double change, object? options = null) => ExclusionAdvice.For(new BlamedRewrite(
        7, new Rewrite(pass, "change it", "MatMul '/head/MatMul'"), new BisectedPass(PassRegistry.Create(runBy, options), Options: options),
        [new("y", 0)], [new("y", change)], Refusal: null));
}
