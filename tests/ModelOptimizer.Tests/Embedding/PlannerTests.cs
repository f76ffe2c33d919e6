using ModelOptimizer.Diagnostics;
using ModelOptimizer.Embedding;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Embedding;

/// <summary>Which models a project has, and what of profile and item holds.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PlannerTests
{
    private readonly DiagnosticBag _diagnostics = new();
    private string _folder = "";

    [SetUp]
    public void CreateFolder()
    {
        _folder = Directory.CreateTempSubdirectory("planner").FullName;
        foreach (var model in new[] { "a.onnx", "b/a.onnx" })
            WriteModel(model);
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void A_profile_that_names_a_model_is_enough()
    {
        Write("model-opt.yaml", "version: 1\nmodel: a.onnx\nevaluate: { data: 'data/*.npz' }");
        var model = Plan([], "model-opt.yaml")!.Models.Single();
        Assert.That((model.Name, model.Model, model.Profile), Is.EqualTo(("a", "a.onnx", "model-opt.yaml")));
        Assert.That(model.Inputs, Is.EqualTo(new[] { "a.onnx", "model-opt.yaml" }));
        Assert.That(model.Data, Is.EqualTo(new[] { "data/*.npz" }));
        Assert.That((model.Embed.As, model.Embed.Class, model.Embed.Namespace, model.Embed.LogicalName), Is.EqualTo((EmbedAs.Resource, "AModel", "My_App", "a.onnx")));
        Assert.That(_diagnostics.Diagnostics, Is.Empty);
    }

    [Test]
    public void Data_and_ranges_of_calibration_are_watched()
    {
        Write("model-opt.yaml", "version: 1\nmodel: a.onnx\ncalibration: { data: calib.npz, ranges: a.ranges.json }\nevaluate: { data: calib.npz }");
        Write("other.yaml", "version: 1\nmodel: b/a.onnx\ncalibration: { ranges: b/a.ranges.json }");

        Assert.That(Plan([], "model-opt.yaml")!.Models.Single().Data, Is.EqualTo(new[] { "calib.npz", "a.ranges.json" }));
        Assert.That(Plan([], "other.yaml")!.Models.Single().Data, Is.EqualTo(new[] { "b/a.ranges.json" }));
    }

    [Test]
    public void Metadata_wins_over_the_profile()
    {
        Write("p.yaml", "version: 1\nembed: { as: content, class: FromProfile, namespace: N }");
        var item = new RequestedModel("b/a.onnx") { Profile = "p.yaml", EmbedAs = "resource", ClassName = "FromItem", Compression = "Brotli" };
        var embed = Plan([item])!.Models.Single().Embed;
        Assert.That((embed.As, embed.Compression, embed.Class, embed.Namespace), Is.EqualTo((EmbedAs.Resource, EmbedCompression.Brotli, "FromItem", "N")));
        Assert.That((embed.LogicalName, embed.Resource, embed.Link), Is.EqualTo(("a.onnx.br", "a.onnx.br", "b/a.onnx")));
        Assert.That(_diagnostics.Diagnostics.Single().ToString(), Does.Contain("info MO8017").And.EndsWith(
            "b/a.onnx: metadata of the item win over the profile: EmbedAs='resource' over 'as: content', ClassName='FromItem' over 'class: FromProfile'"));
    }

    [Test]
    public void Metadata_that_say_the_same_or_more_than_the_profile_win_over_nothing()
    {
        Write("p.yaml", "version: 1\nembed: { as: content, class: Same }");
        Plan([new("b/a.onnx") { Profile = "p.yaml", EmbedAs = "Content", ClassName = "Same", Namespace = "N", Compression = "None" }]);
        Assert.That(_diagnostics.Diagnostics, Is.Empty);
    }

    [TestCase(null, true)]
    [TestCase("false", false)]
    [TestCase("True", true)]
    public void Dependency_injection_is_asked_for_by_profile_or_metadata(string? metadata, bool expected)
    {
        Write("p.yaml", "version: 1\nembed: { dependency-injection: true }");
        Assert.That(Plan([new("a.onnx") { Profile = "p.yaml", DependencyInjection = metadata }])!.Models.Single().Embed.DependencyInjection, Is.EqualTo(expected));
    }

    [Test]
    public void A_model_with_data_beside_it_is_embedded_as_one_file_of_its_own()
    {
        var graph = new GraphBuilder();
        var sum = graph.Op("Add", graph.Input("x", DataType.Float, 256), graph.Initializer("w", [256], new float[256]));
        graph.Output("y", sum, new TensorType(DataType.Float, Shape.Of(256)));
        ModelWriter.Save(graph.Build(), Path.Combine(_folder, "data.onnx"), new SaveOptions { ExternalData = ExternalDataMode.Always });
        Write("p.yaml", "version: 1");
        string Resource(RequestedModel item) => Plan([item with { Profile = "p.yaml" }])!.Models.Single().Embed.Resource;

        Assert.That(Resource(new RequestedModel("a.onnx")), Is.EqualTo("a.onnx"));
        Assert.That(Resource(new RequestedModel("data.onnx")), Is.EqualTo("whole/data.onnx"));
        Assert.That(Resource(new RequestedModel("data.onnx") { Compression = "brotli" }), Is.EqualTo("data.onnx.br"));
    }

    [Test]
    public void An_item_without_profile_takes_the_one_that_names_its_model()
    {
        Write("x.model-opt.yaml", "version: 1\nmodel: a.onnx");
        var model = Plan([new RequestedModel("a.onnx") { ClassName = "C" }], "x.model-opt.yaml")!.Models.Single();
        Assert.That((model.Profile, model.Embed.Class), Is.EqualTo(("x.model-opt.yaml", "C")));
    }

    [Test]
    public void A_profile_that_others_extend_is_no_model_of_its_own()
    {
        Write("base.model-opt.yaml", "version: 1\nmodel: a.onnx");
        Write("my.model-opt.yaml", "version: 1\nextends: ./base.model-opt.yaml");
        var plan = Plan([], "base.model-opt.yaml", "my.model-opt.yaml")!;
        Assert.That(plan.Models.Select(model => model.Profile), Is.EqualTo(new[] { "my.model-opt.yaml" }));
        Assert.That(plan.Watched.Select(file => file.Path), Is.EqualTo(new[] { "base.model-opt.yaml", "my.model-opt.yaml", "a.onnx" }));
    }

    [Test]
    public void A_profile_that_nothing_uses_is_told()
    {
        Write("model-opt.yaml", "version: 1");
        Assert.That(Plan([], "model-opt.yaml")!.Models, Is.Empty);
        Assert.That(Codes, Is.EqualTo(new[] { "MO8006" }));
    }

    [Test]
    public void Every_mistake_is_told_in_one_run()
    {
        Write("bad.yaml", "version: 1\nmodell: a.onnx");
        Write("gone.yaml", "version: 1\nmodel: gone.onnx");
        var items = new[] { new RequestedModel("a.onnx"), new RequestedModel("b/a.onnx") { Profile = "bad.yaml", ClassName = "1x" } };
        Assert.That(Plan(items, "gone.yaml"), Is.Null);
        Assert.That(Codes, Is.EquivalentTo(new[] { "MO8003", "MO1004", "MO8005", "MO2001" }));
        Assert.That(_diagnostics.Diagnostics.Single(d => d.Code == "MO2001").Location, Is.EqualTo(new SourceLocation(Path.Combine(_folder, "gone.yaml"), 2, 8)));
    }

    [Test]
    public void Two_models_of_one_name_are_refused()
    {
        Write("p.yaml", "version: 1");
        Assert.That(Plan([new("a.onnx") { Profile = "p.yaml" }, new("b/a.onnx") { Profile = "p.yaml", ClassName = "Other" }]), Is.Null);
        Assert.That(Codes, Is.EqualTo(new[] { "MO8004" }));
    }

    [Test]
    public void The_class_that_registers_a_runner_is_no_other_models_class()
    {
        Write("p.yaml", "version: 1");
        RequestedModel[] items = [new("a.onnx") { Profile = "p.yaml", ClassName = "A", DependencyInjection = "true" }, new("c.onnx") { Profile = "p.yaml", ClassName = "AServices" }];
        File.Copy(Path.Combine(_folder, "a.onnx"), Path.Combine(_folder, "c.onnx"));
        Assert.That(Plan(items), Is.Null);
        Assert.That(Codes, Is.EqualTo(new[] { "MO8004" }));
    }

    [TestCase("Embedded", null, null)]
    [TestCase(null, "OpenRead", null)]
    [TestCase(null, "Runner", null)]
    [TestCase("1", null, null)]
    [TestCase(null, null, "yes")]
    public void Metadata_that_means_nothing_is_refused(string? embedAs, string? className, string? dependencyInjection)
    {
        Write("p.yaml", "version: 1");
        Assert.That(Plan([new("a.onnx") { Profile = "p.yaml", EmbedAs = embedAs, ClassName = className, DependencyInjection = dependencyInjection }]), Is.Null);
        Assert.That(Codes, Is.EqualTo(new[] { "MO8005" }));
    }

    private IEnumerable<string> Codes => _diagnostics.Diagnostics.Select(diagnostic => diagnostic.Code);

    private ProjectPlan? Plan(IReadOnlyList<RequestedModel> models, params string[] profiles) => new Planner(_diagnostics).Plan(new PlanRequest
    {
        ProjectDirectory = _folder,
        ProjectFile = Path.Combine(_folder, "App.csproj"),
        RootNamespace = "My-App",
        Models = models,
        Profiles = profiles,
    });

    private void WriteModel(string path)
    {
        var graph = new GraphBuilder();
        graph.Output("y", graph.Op("Relu", graph.Input("x", DataType.Float, 1, 2)), new TensorType(DataType.Float, Shape.Of(1, 2)));
        ModelWriter.Save(graph.Build(), Path.Combine(_folder, path));
    }

    private void Write(string path, string text) => File.WriteAllText(Path.Combine(_folder, path), text);
}
