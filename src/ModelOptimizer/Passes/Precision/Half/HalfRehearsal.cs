using ModelOptimizer.Onnx;
using ModelOptimizer.Passes.Mixed;

namespace ModelOptimizer.Passes;

/// <summary>Writes what was decided for a model into a copy of it, so that it can be tried before the model itself changes.</summary>
internal static class HalfRehearsal
{
    /// <param name="model">The model; stays as it is.</param>
    /// <param name="decided">Its values, with the decisions.</param>
    /// <param name="constants">Keeps what is converted for the model itself.</param>
    public static OnnxModel Write(OnnxModel model, HalfGraph decided, HalfConstants constants)
    {
        var copy = new ModelCopy(model);
        var graph = new HalfGraph(copy.Model);
        foreach (var vertex in decided.Vertices)
            graph.At(Counterpart(vertex.Port, model, copy)).IsHalf = vertex.IsHalf;
        new HalfWriter(graph, constants.For(copy.Model)).Write();
        return copy.Model;
    }

    private static HalfPort Counterpart(HalfPort port, OnnxModel model, ModelCopy copy) => port with
    {
        Owner = port.Owner switch
        {
            Function function => copy.Model.Functions[model.Functions.ToList().IndexOf(function)],
            GraphOutput output => copy.Model.Graph.Outputs[model.Graph.Outputs.ToList().IndexOf(output)],
            var owner => copy.CopyOf(owner),
        },
    };
}
