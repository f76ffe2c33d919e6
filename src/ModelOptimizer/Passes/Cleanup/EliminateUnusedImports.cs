using System.ComponentModel;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Passes;

/// <summary>Takes away the imports of operator domains that no node belongs to. The standard domain stays: its version is the model's.</summary>
[Description("Takes away the imports of operator domains that no node belongs to.")]
public sealed class EliminateUnusedImports : IGraphPass
{
    public NumericEffect Effect => NumericEffect.Exact;

    public void Run(OnnxModel model, PassContext context)
    {
        var imported = model.Functions.SelectMany(function => function.OpsetImports.Keys).Concat(model.OpsetImports.Keys).Distinct().ToList();
        if (imported is [""])
            return;
        var used = GraphWalker.Nodes(model).Select(node => node.Domain).Append("").ToHashSet();
        foreach (var domain in imported.Where(domain => !used.Contains(domain)))
            if (context.Rewriting("remove the import of an unused domain", domain))
                model.RemoveImport(domain);
    }
}
