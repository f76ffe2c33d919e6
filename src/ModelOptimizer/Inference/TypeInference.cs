using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// Learns types and shapes by one sweep over every graph: each operator's rule tells its outputs from its inputs, attributes and what is
/// known of integer elements. Operators without a rule are asked of the runtime, each question once. What the file declares about
/// intermediate values is not believed, since exporters and editors leave stale shapes behind, and a shape folded from one would be wrong;
/// only behind an operator that the runtime doesn't know either is there nothing better.
/// </summary>
/// <remarks>
/// Symbols are canonical: two axes with the same non-empty symbol have the same length in every run, also <c>2*batch</c> or <c>seq + 1</c>.
/// </remarks>
public sealed class TypeInference(IInferenceEngine engine)
{
    /// <summary>A chain of operators without rules takes a question for each; longer ones stay unknown.</summary>
    private const int MostQuestions = 8;

    private readonly RuntimeTypes _runtime = new(engine);
    private ElementMap _elements = new();

    /// <summary>Brings <see cref="Value.Type"/> up to date all over the model.</summary>
    public void Run(OnnxModel model)
    {
        for (var question = 0; question <= MostQuestions; question++)
        {
            _elements = new ElementMap();
            new ModelSweep(model, _elements, _runtime).Run();
            if (question == MostQuestions || !_runtime.AnswerOpenQuestions(model))
                return;
        }
    }

    /// <summary>
    /// What is known about the elements of a small integer or boolean tensor of rank 0 or 1, as of the last run: each a number, a canonical
    /// expression or unknown. Null when not even their number is known.
    /// </summary>
    public ImmutableArray<Dimension>? ElementsOf(Value value) => _elements[value];
}
