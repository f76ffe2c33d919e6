using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;

namespace ModelOptimizer.Benchmarks.Results;

/// <summary>What one pass did to one model in its place in the pipeline: after those before it, in all rounds together.</summary>
internal sealed record PassResult(IGraphPass Pass, ModelUnderTest Test, int Rewrites, Deviation Deviation)
{
    private const int MostRounds = 16;

    public bool IsWithinEffect => Deviation.IsWithin(Pass.Effect);

    /// <summary>Runs the passes of a group in rounds, as the group does, and compares the answers around each that found something.</summary>
    public static IEnumerable<PassResult> Measure(ModelUnderTest test, OnnxModel model, FixpointGroup group)
    {
        var results = group.Passes.DistinctBy(pass => pass.Name).ToDictionary(pass => pass.Name, pass => new PassResult(pass, test, 0, default));
        var answers = test.Answers(model);
        for (var (round, isBusy) = (0, true); isBusy && round < MostRounds; round++)
        {
            isBusy = false;
            foreach (var pass in group.Passes)
                if (ModelUnderTest.Apply(model, pass).Rewrites.Count is > 0 and var rewrites)
                {
                    var before = answers;
                    answers = test.Answers(model);
                    results[pass.Name] = results[pass.Name].And(rewrites, ModelUnderTest.Deviation(before, answers));
                    isBusy = true;
                }
        }
        return results.Values.Where(result => result.Rewrites > 0);
    }

    private PassResult And(int rewrites, Deviation deviation) => this with { Rewrites = Rewrites + rewrites, Deviation = Deviation + deviation };
}
