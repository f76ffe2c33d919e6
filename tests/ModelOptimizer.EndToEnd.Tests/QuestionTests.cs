namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>Asked whether there is anything to do (<c>-question</c>), a build answers and writes nothing.</summary>
[Category("EndToEnd")]
public sealed class QuestionTests
{
    [Test]
    public void The_answer_is_no_work_after_a_build_and_work_after_a_change()
    {
        var app = Consumer.Small("question");
        app.Build().ShouldSucceed();
        app.Build().ShouldSucceed();
        app.Build("-question", "--no-restore").ShouldSucceed();

        app.Edit("model-opt.yaml", "quantize-weights", "simplify");
        var before = Snapshot.Of(app.Output);
        app.Build("-question", "--no-restore").ShouldFailWith("MO8016");
        Assert.That(Snapshot.Of(app.Output), Is.EqualTo(before));

        app.Build().ShouldSucceed();
        File.Delete(Path.Combine(app.Output, "small.onnx"));
        app.Build("-question", "--no-restore").ShouldFailWith("MO8016");
    }
}
