using System.ComponentModel;
using ModelOptimizer.Passes.Matching;

namespace ModelOptimizer.Passes;

/// <summary>
/// Replaces scaled dot-product attention, spelled out, by the standard's operator.
/// <code>
/// Softmax(q · kᵀ · scale + mask) · v  =>  Attention(q, k, v, mask)
/// </code>
/// Understood are: the scale on the scores or on q and k; a mask that is added, or filled in by Where; key and value heads that are repeated
/// for groups of query heads; keys and values joined to past ones; a guard that turns NaN into 0. The operator reads heads side by side, so
/// the transpositions around the formula go too. Queries, keys and values that one product made are split along its rows instead of being
/// transposed and picked; two masks are summed first, where they are small enough for that; the second may be one for each window.
/// <para>
/// Written from opset 23 on only, under either format. Measured on the CPU under the runtime's full optimization, <c>Attention</c> over heads
/// side by side takes 0.66 to 0.96 of the formula's time, half with past and repeated heads, and 0.62 to 0.96 with the Split of packed ones,
/// windows or not. ONNX Runtime's own <c>MultiHeadAttention</c> (0.87 to 1.19) and <c>GroupQueryAttention</c> (1.01 to 1.30 without past) are
/// slower than the formula where sequences are short, and <c>Attention</c> over heads apart gains nothing (0.92 to 1.05) unless heads are
/// repeated: so none of these is written.
/// (Vaswani et al., "Attention Is All You Need", arXiv 1706.03762, section 3.2; grouped queries: Ainslie et al., arXiv 2305.13245.)
/// </para>
/// </summary>
[Description("Replaces Softmax(q · kᵀ · scale + mask) · v by Attention, where the model's opset has it.")]
public sealed class FuseAttention : PatternFusion
{
    private static readonly FusedOperator Attention = new("Attention", 23);

    private protected override Pattern Pattern => AttentionFormula.Pattern;

    private protected override Outcome Fuse(Match match, PassContext context)
    {
        var formula = new AttentionFormula(match);
        var outcome = Fuse(formula, match, context);
        // Where the product with its heads put side by side fails, the product alone is the next candidate, and tells why.
        return outcome.Refusal is not null && formula.IsWithRows ? Outcome.Done : outcome;
    }

    private static Outcome Fuse(AttentionFormula formula, Match match, PassContext context)
    {
        if (context.Opset(match.Graph) is var opset && opset < Attention.Since)
            return Outcome.Refused(Attention.Missing(opset));
        if (formula.Misfit is { } misfit)
            return Outcome.Refused(misfit);
        var operands = new AttentionOperands(formula);
        return operands.Misfit is { } unsuited
            ? Outcome.Refused(unsuited)
            : Replace(match, Attention, FusionFormat.Standard, context, _ => operands.Inputs(), operands.Complete, operands.Result, operands.Outputs);
    }
}
