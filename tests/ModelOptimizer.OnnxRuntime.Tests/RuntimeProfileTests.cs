using System.Text;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.OnnxRuntime.Tests;

[NonParallelizable]
public sealed class RuntimeProfileTests
{
    private const string Trace = """
        [
        {"cat": "Session", "dur": 500, "ts": 2, "ph": "X", "name": "model_loading_uri", "args": {}},
        {"cat": "Node", "dur": 10, "ts": 1005, "ph": "X", "name": "/conv_kernel_time", "args": {"op_name": "Conv"}},
        {"cat": "Node", "dur": 7, "ts": 1022, "ph": "X", "name": "inner_kernel_time", "args": {"op_name": "Add"}},
        {"cat": "Node", "dur": 2, "ts": 1030, "ph": "X", "name": "inner_kernel_time", "args": {"op_name": "Add"}},
        {"cat": "Node", "dur": 20, "ts": 1015, "ph": "X", "name": "loop_kernel_time", "args": {"op_name": "Loop"}},
        {"cat": "Session", "dur": 90, "ts": 1000, "ph": "X", "name": "model_run", "args": {}},
        {"cat": "Node", "dur": 30, "ts": 2005, "ph": "X", "name": "/conv_kernel_time", "args": {"op_name": "Conv"}},
        {"cat": "Session", "dur": 50, "ts": 2000, "ph": "X", "name": "model_run", "args": {}}
        ]
        """;

    [Test]
    public void Times_are_kept_by_run_and_a_loop_is_not_charged_for_its_body()
    {
        var kernels = RuntimeProfile.Read(new MemoryStream(Encoding.UTF8.GetBytes(Trace)));

        Assert.That(kernels.Select(kernel => (kernel.Name, kernel.OpType)), Is.EqualTo(new[] { ("/conv", "Conv"), ("loop", "Loop"), ("inner", "Add") }));
        Assert.Multiple(() =>
        {
            Assert.That(kernels[0].Microseconds, Is.EqualTo(new double[] { 10, 30 }));
            Assert.That(kernels[1].Microseconds, Is.EqualTo(new double[] { 11, 0 }), "20 less 7 and 2");
            Assert.That(kernels[2].Microseconds, Is.EqualTo(new double[] { 9, 0 }), "both steps");
        });
    }

    [Test]
    public void A_session_times_its_kernels_and_leaves_no_file()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("MatMul", g.Input("x", DataType.Float, 2, 3), g.Initializer("w", [3, 2], 1, 2, 3, 4, 5, 6)));
        using var own = new OwnTemporaryFolder();
        using (var session = new OnnxRuntimeEngine().OpenProfiled(g.Build(), new SessionSettings()))
        {
            for (var run = 0; run < 3; run++)
                session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([2, 3], new float[6]) });
            var kernel = session.Finish().Single();

            Assert.That(kernel.OpType, Is.EqualTo("MatMul"));
            Assert.That(kernel.Microseconds, Has.Count.EqualTo(3).And.All.GreaterThanOrEqualTo(0));
            Assert.That(session.LoadTime, Is.GreaterThan(TimeSpan.Zero));
        }
        Assert.That(own.Entries, Is.Empty);
    }

    [Test]
    public void A_profiled_session_that_can_not_be_opened_says_why()
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("NoSuchOperator", g.Input("x", DataType.Float, 2)));

        Assert.That(() => new OnnxRuntimeEngine().OpenProfiled(g.Build(), new SessionSettings()), Throws.TypeOf<InferenceException>());
    }

    /// <summary>Everything temporary goes here for a while: other processes share the usual place.</summary>
    private sealed class OwnTemporaryFolder : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("profile-test-");
        private readonly string _variable = OperatingSystem.IsWindows() ? "TMP" : "TMPDIR";
        private readonly string? _before;

        public OwnTemporaryFolder()
        {
            _before = Environment.GetEnvironmentVariable(_variable);
            Environment.SetEnvironmentVariable(_variable, _folder.FullName);
        }

        public IEnumerable<string> Entries => Directory.EnumerateFileSystemEntries(_folder.FullName);

        public void Dispose()
        {
            Environment.SetEnvironmentVariable(_variable, _before);
            _folder.Delete(recursive: true);
        }
    }
}
