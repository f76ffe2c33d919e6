using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>A node that calls a model-local function, and what the function's attributes are there.</summary>
internal sealed record FunctionCall(Node Node, Function Function)
{
    /// <summary>Puts values in the place of a copied node's references to the function's attributes; one that has no value is left out.</summary>
    public void Bind(Node copy)
    {
        foreach (var reference in copy.Proto.Attribute.Where(attribute => attribute.RefAttrName.Length > 0).ToList())
        {
            copy.Proto.Attribute.Remove(reference);
            if (Find(reference.RefAttrName) is { } value)
                Add(copy, reference.Name, value);
        }
    }

    /// <summary>What the call says, else the function's default. Within another function that may be a reference again.</summary>
    private AttributeProto? Find(string name) => Node.Proto.Attribute.FirstOrDefault(attribute => attribute.Name == name)
        ?? Function.Proto.AttributeProto.FirstOrDefault(attribute => attribute.Name == name);

    private void Add(Node copy, string name, AttributeProto value)
    {
        var attribute = value.Clone();
        attribute.Name = name;
        copy.Proto.Attribute.Add(attribute);
        if (attribute.T is not null)
            copy.Attributes.Attach(name, Node.Attributes.GetTensor(value.Name) ?? new InlineTensor(attribute.T));
    }
}
