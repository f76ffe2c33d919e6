using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>One sweep over a model: the main graph, then each function's definition under what all its calls agree on.</summary>
internal sealed class ModelSweep(OnnxModel model, ElementMap elements, RuntimeTypes runtime)
{
    private readonly SymbolTable _symbols = new();
    private readonly FunctionCalls _calls = new(model);

    public void Run()
    {
        ModelInputs.Settle(model.Graph, _symbols);
        Sweeper(model.OpsetOf(model.Graph), runsOnce: true).Sweep(model.Graph);
        foreach (var function in _calls.CallersFirst)
        {
            var sweep = Sweeper(model.OpsetOf(function.Body), runsOnce: false);
            _calls.SettleFormals(function, sweep);
            sweep.Sweep(function.Body);
        }
    }

    private GraphSweep Sweeper(long opset, bool runsOnce) => new(opset, _symbols, elements, runtime, _calls, runsOnce);
}
