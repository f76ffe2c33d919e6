using Microsoft.Build.Utilities;

namespace ModelOptimizer.Tasks.Tests;

/// <summary>A task that fails leaves nothing that a later build would take for good, and says why in words.</summary>
public sealed class FailureTests
{
    private string _folder = "";

    private string Output => Path.Combine(_folder, "m.onnx");

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("failure").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    private TaskItem Model(string output) => new(output, new Dictionary<string, string>
    {
        ["ModelName"] = "m", ["Original"] = "m.onnx", ["Profile"] = "p.yaml", ["Optimized"] = output, ["OutputsFile"] = output + ".outputs",
        ["EmbedOutputsFile"] = output + ".embed-outputs", ["Resource"] = output, ["EmbedFolder"] = _folder,
    });

    private IEnumerable<ModelOptTask> Failing(string output) =>
    [
        new OptimizeModels { Models = [Model(output)], Tool = Path.Combine(_folder, "missing.dll") },
        new EmbedModels { Plan = "plan.json", Models = [Model(output)], Tool = Path.Combine(_folder, "missing.dll") },
    ];

    [Test]
    public void A_failed_run_takes_model_and_external_data_away()
    {
        string[] files = [Output, Output + ".data", Output + ".outputs", Output + ".embed-outputs"];
        foreach (var file in files)
            File.WriteAllText(file, "old");
        Assert.That(Run(Failing(Output).First()).Errors.Select(error => error.Code), Is.EqualTo(new[] { "MO9001" }));
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public void After_a_failed_embedding_nothing_passes_for_embedded()
    {
        File.WriteAllText(Output + ".embed-outputs", "old");
        Assert.That(Run(Failing(Output).Last()).Errors.Select(error => error.Code), Is.EqualTo(new[] { "MO9001" }));
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public void A_model_that_fails_does_not_keep_the_next_from_its_turn()
    {
        var task = new OptimizeModels { Models = [Model(Output), Model(Path.Combine(_folder, "n.onnx"))], Tool = Path.Combine(_folder, "missing.dll") };
        Assert.That(Run(task).Errors.Select(error => error.Code), Is.EqualTo(new[] { "MO9001", "MO9001" }));
    }

    [Test]
    public void A_place_that_can_not_be_written_is_an_error_and_no_crash()
    {
        File.WriteAllText(Output, "a file where a folder should be");
        foreach (var task in Failing(Path.Combine(Output, "m.onnx")))
            Assert.That(Run(task).Errors.Single().Code, Is.EqualTo("MO7001"));
        var plan = new PlanModels { ProjectDirectory = _folder, Plan = Path.Combine(Output, "sub", "plan.json"), Tool = "missing.dll" };
        Assert.That(Run(plan).Errors.Single().Code, Is.EqualTo("MO7001"));
    }

    [Test]
    public void A_variable_that_is_no_assignment_is_told_at_the_project()
    {
        var plan = new PlanModels { ProjectDirectory = _folder, Plan = Path.Combine(_folder, "plan.json"), Tool = "missing.dll", Variables = ["Config"] };
        var error = Run(plan).Errors.Single();
        Assert.That((error.Code, error.File), Is.EqualTo(("MO8005", "a.csproj")));
    }

    private static FakeBuild Run(ModelOptTask task)
    {
        var build = new FakeBuild();
        task.BuildEngine = build;
        task.ProjectFile = "a.csproj";
        Assert.That(task.Execute(), Is.False);
        return build;
    }
}
