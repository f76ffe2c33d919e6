using System.Globalization;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// Calls of model-local functions. Each call sweeps the definition under its own types, equal calls once; in the end the formals get what
/// all calls agree on.
/// </summary>
internal sealed class FunctionCalls(OnnxModel model)
{
    /// <summary>Functions that call functions many times over unfold without end; calls beyond so many swept nodes are not typed.</summary>
    private const int MostNodes = 200_000;

    private readonly Dictionary<(string Domain, string Name, string Overload), Function> _functions = ByName(model);
    private readonly Dictionary<string, TensorType?[]> _answers = [];
    private readonly Dictionary<Function, TensorType?[]> _agreed = [];
    private int _depth;
    private int _swept;

    /// <summary>The functions that something calls, each after those that call it.</summary>
    public IEnumerable<Function> CallersFirst => _functions.Count == 0 ? [] : Sorted().Where(_agreed.ContainsKey);

    /// <summary>The function that the node calls; null when it is an operator.</summary>
    public Function? Find(Node node) => _functions.Count == 0 ? null : _functions.GetValueOrDefault((node.Domain, node.OpType, node.Overload));

    public void Type(Function function, Node call, NodeTyping typing, GraphSweep caller)
    {
        var actual = function.Body.Inputs.Select((_, i) => call.Input(i)?.Type).ToArray();
        if (_depth == 0)
            Agree(function, actual);
        var results = Results(function, actual, caller);
        for (var i = 0; i < Math.Min(typing.OutputCount, results.Length); i++)
            typing.Set(i, results[i]?.ElementType, results[i]?.Shape);
    }

    /// <summary>Gives the formals the types on which all calls agree.</summary>
    public void SettleFormals(Function function, GraphSweep sweep) => Feed(function, _agreed[function], sweep);

    private TensorType?[] Results(Function function, TensorType?[] actual, GraphSweep caller)
    {
        var question = string.Create(CultureInfo.InvariantCulture, $"{function.Domain}.{function.Name}.{function.Overload}({string.Join(", ", actual.Select(type => $"{type}"))})");
        if (_answers.TryGetValue(question, out var known))
            return known;
        // A function that calls itself finds this answer.
        _answers[question] = [];
        if ((_swept += function.Body.Nodes.Count) > MostNodes)
            return [];
        _depth++;
        var sweep = caller.Into(model.OpsetOf(function.Body));
        Feed(function, actual, sweep);
        sweep.Sweep(function.Body);
        _depth--;
        return _answers[question] = [.. function.Body.Outputs.Select(output => output.Value.Type)];
    }

    private static void Feed(Function function, TensorType?[] types, GraphSweep sweep)
    {
        for (var i = 0; i < types.Length; i++)
            sweep.Store(function.Body.Inputs[i], types[i], null);
    }

    private void Agree(Function function, TensorType?[] actual) => _agreed[function] = _agreed.TryGetValue(function, out var agreed)
        ? [.. agreed.Zip(actual, ShapeMath.Join)]
        : actual;

    private List<Function> Sorted()
    {
        var (finished, seen) = (new List<Function>(), new HashSet<Function>());
        foreach (var function in model.Functions)
            Visit(function);
        finished.Reverse();
        return finished;

        void Visit(Function function)
        {
            if (!seen.Add(function))
                return;
            foreach (var called in GraphWalker.Nodes(function.Body).Select(Find).OfType<Function>())
                Visit(called);
            finished.Add(function);
        }
    }

    private static Dictionary<(string, string, string), Function> ByName(OnnxModel model)
    {
        var functions = new Dictionary<(string, string, string), Function>();
        foreach (var function in model.Functions)
            functions.TryAdd((function.Domain == "ai.onnx" ? "" : function.Domain, function.Name, function.Overload), function);
        return functions;
    }
}
