using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>A model-local function: an operator defined by a graph.</summary>
public sealed class Function
{
    internal Function(FunctionProto proto, Graph body)
    {
        Proto = proto;
        Body = body;
    }

    /// <summary>The function's message without its nodes.</summary>
    internal FunctionProto Proto { get; }

    public string Name => Proto.Name;

    public string Domain => Opsets.Canonical(Proto.Domain);

    public string Overload => Proto.Overload;

    /// <summary>Versions by domain that the function's own nodes use.</summary>
    public IReadOnlyDictionary<string, long> OpsetImports => Opsets.ToDictionary(Proto.OpsetImport);

    /// <summary>Its definition. Inputs and outputs carry names only; types come with each call.</summary>
    public Graph Body { get; }

    /// <summary>As calls name it: <c>domain.Name</c>, with the overload if it has one.</summary>
    public override string ToString() => $"{(Domain.Length > 0 ? $"{Domain}." : "")}{Name}{(Overload.Length > 0 ? $":{Overload}" : "")}";
}
