# A known method: margins, and a scale
import torch
import torch.nn.functional as F

m_list = 1.0 / torch.sqrt(torch.sqrt(cls_num_list))
margins = m_list * (0.5 / m_list.max())
index = F.one_hot(target, 10)
output = torch.where(index.bool(), x - margins[target][:, None], x)
loss = F.cross_entropy(30 * output, target, weight=per_cls)
