using System.Text;
using Microsoft.Build.Utilities;

namespace ModelOptimizer.Tasks.Tests;

/// <summary>A plan stands until what it was made from changes.</summary>
public sealed class PlanTests
{
    private string _folder = "";
    private PlannedModel? _model;

    [SetUp]
    public void CreateFolder() => (_folder, _model) = (Directory.CreateTempSubdirectory("plan;%").FullName, null);

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    private string Profile => Path.Combine(_folder, "a.yaml");

    [Test]
    public void A_plan_is_current_while_request_and_files_are_the_same()
    {
        var request = Encoding.UTF8.GetBytes("request");
        var plan = Plan(request);
        Assert.That(plan.IsCurrent(request, _folder), Is.True);
        Assert.That(plan.IsCurrent([1], _folder), Is.False);

        File.SetLastWriteTimeUtc(Profile, DateTime.UnixEpoch);
        Assert.That(plan.IsCurrent(request, _folder), Is.True, "touched, but equal");
        File.WriteAllText(Profile, "version: 2");
        Assert.That(plan.IsCurrent(request, _folder), Is.False, "same size, other content");
        File.Delete(Profile);
        Assert.That(plan.IsCurrent(request, _folder), Is.False, "gone");
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("""{"schemaVersion":2,"models":[]}""")]
    [TestCase("""{"schemaVersion":1}""")]
    public void A_plan_that_cannot_be_read_is_none(string text)
    {
        var file = Path.Combine(_folder, "plan.json");
        File.WriteAllText(file, text);
        Assert.That(ProjectPlan.TryRead(file), Is.Null);
    }

    [Test]
    public void An_item_keeps_paths_that_have_characters_of_MSBuild()
    {
        var model = Plan([]).Models.Single();
        var item = (TaskItem)PlannedModelItem.Of(model, Files(model), _folder);
        Assert.That(item.GetMetadata("Original"), Is.EqualTo(Path.Combine(_folder, "m;1.onnx")));
        Assert.That(item.ItemSpec, Is.EqualTo(Path.Combine(Outputs, "m;1.onnx")));
        Assert.That(item.GetMetadata("EmbedAs"), Is.EqualTo("Resource"));
    }

    [Test]
    public void What_is_made_of_an_original_lies_apart_from_what_is_made_of_the_optimized_model()
    {
        var model = Plan([]).Models.Single();
        var (optimized, original) = (Files(model), new ModelFiles(model, Outputs, isOptimized: false, withAccessor: true));
        string[] FilesOf(ModelFiles files) => [.. ModelFiles.OfEmbedding(files.Embedded, files.Resource, files.Accessor), files.EmbedInputs, files.EmbedOutputs];
        Assert.That(FilesOf(optimized).Intersect(FilesOf(original)), Is.Empty);
    }

    [Test]
    public void Data_that_comes_goes_or_changes_makes_the_inputs_other()
    {
        var before = Inputs();
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        File.WriteAllText(Path.Combine(_folder, "data", "a.npz"), "1");
        var one = Inputs();
        File.WriteAllText(Path.Combine(_folder, "data", "b.npz"), "2");
        var two = Inputs();
        Assert.That(new[] { before, one, two }.Distinct().Count(), Is.EqualTo(3));

        File.Delete(Path.Combine(_folder, "data", "b.npz"));
        Assert.That(Inputs(), Is.EqualTo(one));
    }

    [Test]
    public void Inputs_change_with_the_tool_and_the_variables()
    {
        var inputs = Inputs();
        Assert.That(Inputs(tool: "newer tool"), Is.Not.EqualTo(inputs));
        Assert.That(Inputs(new PlanModels { Variables = ["X=1"] }), Is.Not.EqualTo(inputs));
        Assert.That(Inputs(new PlanModels { NoWarn = "MO5001" }), Is.EqualTo(inputs), "what was warned of is told again");
        Assert.That(Inputs(new PlanModels { Settings = ["nullable=true"] }), Is.EqualTo(inputs), "concerns the accessor only");
    }

    [Test]
    public void The_digest_that_a_package_has_tells_its_tool_from_another_and_else_the_assemblies_do()
    {
        var tool = Path.Combine(_folder, "model-opt.dll");
        File.WriteAllText(tool, "tool");
        var before = ToolFingerprint.Of(tool);
        File.WriteAllText(Path.Combine(_folder, "ModelOptimizer.dll"), "engine");
        var with = ToolFingerprint.Of(tool);
        File.SetLastWriteTimeUtc(Path.Combine(_folder, "ModelOptimizer.dll"), DateTime.UnixEpoch);
        Assert.That(new[] { before, with, ToolFingerprint.Of(tool) }.Distinct().Count(), Is.EqualTo(3));

        File.WriteAllText(Path.ChangeExtension(tool, ".digest"), "abc\n");
        Assert.That(ToolFingerprint.Of(tool), Is.EqualTo("abc"));
    }

    [Test]
    public void Inputs_that_are_equal_are_not_to_be_written()
    {
        var model = Plan([]).Models.Single();
        var changes = new InputsFiles(Task(new()), "tool").Changed(model, Files(model)).ToList();
        Assert.That(changes.Select(change => change.Path), Is.EqualTo(new[] { Files(model).Inputs, Files(model).EmbedInputs }));
        foreach (var (path, content) in changes)
            TextFile.Write(path, content);
        Assert.That(new InputsFiles(Task(new()), "tool").Changed(model, Files(model)), Is.Empty);
    }

    [Test]
    public void Outputs_are_whole_while_all_that_was_made_is_there()
    {
        var (record, made) = (Path.Combine(_folder, "m.outputs"), Path.Combine(_folder, "m.onnx"));
        Assert.That(OutputsFile.TryRead(record), Is.Null);
        File.WriteAllText(made, "");
        OutputsFile.Write(record, [made, Path.Combine(_folder, "not made")], ["{\"kind\":\"diagnostic\"}"]);
        Assert.That(OutputsFile.TryRead(record)!.IsWhole, Is.True);
        Assert.That(OutputsFile.TryRead(record)!.Warnings, Is.EqualTo(new[] { "{\"kind\":\"diagnostic\"}" }));
        File.Delete(made);
        Assert.That(OutputsFile.TryRead(record)!.IsWhole, Is.False);
    }

    [Test]
    public void Files_written_at_once_by_several_are_always_whole()
    {
        var file = Path.Combine(_folder, "shared");
        var texts = Enumerable.Range(0, 8).Select(i => new string((char)('a' + i), 100_000)).ToArray();
        Parallel.For(0, 64, i =>
        {
            TextFile.Write(file, texts[i % texts.Length]);
            Assert.That(texts, Does.Contain(TextFile.TryRead(file)));
        });
        Assert.That(Directory.GetFiles(_folder), Is.EqualTo(new[] { file }));
    }

    private string Outputs => Path.Combine(_folder, "obj");

    private ModelFiles Files(PlannedModel model) => new(model, Outputs, isOptimized: true, withAccessor: true);

    private string Inputs(PlanModels? task = null, string tool = "tool")
    {
        // Made once: making it writes the profile, whose time is an input.
        var model = _model ??= Plan([]).Models.Single();
        return new InputsFiles(Task(task ?? new()), tool).Changed(model, Files(model)).First().Content;
    }

    private PlanModels Task(PlanModels task)
    {
        (task.Plan, task.ProjectDirectory) = (Path.Combine(Outputs, "app.plan.json"), _folder);
        return task;
    }

    private ProjectPlan Plan(byte[] request)
    {
        File.WriteAllText(Profile, "version: 1");
        var file = new FileInfo(Profile);
        var path = Path.Combine(_folder, "plan.json");
        File.WriteAllText(path, $$"""
            {
              "schemaVersion": 1, "request": "{{Digest.Of(request)}}",
              "watched": [ { "path": "a.yaml", "size": {{file.Length}}, "modified": {{file.LastWriteTimeUtc.Ticks}}, "sha256": "{{Digest.Of(File.ReadAllBytes(Profile))}}" } ],
              "models": [ {
                "name": "m;1", "model": "m;1.onnx", "profile": "a.yaml", "inputs": ["a.yaml"], "data": ["data/*.npz"],
                "output": "m;1.onnx", "accessor": "m;1.g.cs",
                "embed": { "as": "Resource", "compression": "None", "class": "M", "namespace": "", "logicalName": "m;1", "link": "m;1.onnx", "resource": "m;1.onnx" } } ]
            }
            """);
        return ProjectPlan.TryRead(path)!;
    }
}
